/* A reader driver around vpcd's: the same virtual reader, with a serial number, that can be unplugged.
 *
 * pcscd loads this library as the reader's driver. Beside it, under the same name, lie
 *   NAME.vpcd    the driver that does the work (a copy for each reader)
 *   NAME.serial  the serial number to tell (absent: none, as with cheap readers)
 *   NAME.gone    while it exists the reader is unplugged
 * Source: the IFD handler interface 3.0 of pcsc-lite (ifdhandler.h).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <ifdhandler.h>
#include <reader.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void *vpcd;
static char name[4096];

static void beside(char *path, size_t size, const char *suffix) { snprintf(path, size, "%s%s", name, suffix); }

static int gone(void) {
  char path[4200];
  beside(path, sizeof path, ".gone");
  return access(path, F_OK) == 0;
}

static void *function(const char *symbol) {
  if (vpcd == NULL) {
    Dl_info info;
    char path[4200];
    dladdr((void *)function, &info);
    snprintf(name, sizeof name, "%s", info.dli_fname);
    beside(path, sizeof path, ".vpcd");
    vpcd = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (vpcd == NULL) {
      fprintf(stderr, "%s\n", dlerror());
      return NULL;
    }
  }
  return dlsym(vpcd, symbol);
}

#define FORWARD(symbol, parameters, arguments)                                                               \
  RESPONSECODE symbol parameters {                                                                           \
    RESPONSECODE(*real) parameters = function(#symbol);                                                      \
    return real == NULL || gone() ? IFD_NO_SUCH_DEVICE : real arguments;                                      \
  }

FORWARD(IFDHCreateChannelByName, (DWORD lun, LPSTR device), (lun, device))
FORWARD(IFDHCreateChannel, (DWORD lun, DWORD channel), (lun, channel))
FORWARD(IFDHSetCapabilities, (DWORD lun, DWORD tag, DWORD length, PUCHAR value), (lun, tag, length, value))
FORWARD(IFDHSetProtocolParameters,
        (DWORD lun, DWORD protocol, UCHAR flags, UCHAR pts1, UCHAR pts2, UCHAR pts3),
        (lun, protocol, flags, pts1, pts2, pts3))
FORWARD(IFDHPowerICC, (DWORD lun, DWORD action, PUCHAR atr, PDWORD length), (lun, action, atr, length))
FORWARD(IFDHTransmitToICC,
        (DWORD lun, SCARD_IO_HEADER send, PUCHAR tx, DWORD tx_length, PUCHAR rx, PDWORD rx_length,
         PSCARD_IO_HEADER receive),
        (lun, send, tx, tx_length, rx, rx_length, receive))
FORWARD(IFDHICCPresence, (DWORD lun), (lun))

RESPONSECODE IFDHControl(DWORD lun, DWORD code, PUCHAR tx, DWORD tx_length, PUCHAR rx, DWORD rx_size,
                         LPDWORD rx_length) {
  (void)lun, (void)code, (void)tx, (void)tx_length, (void)rx, (void)rx_size;
  *rx_length = 0;
  return IFD_ERROR_NOT_SUPPORTED;
}

/* Also while unplugged: the driver closes its own socket then. */
RESPONSECODE IFDHCloseChannel(DWORD lun) {
  RESPONSECODE (*real)(DWORD) = function("IFDHCloseChannel");
  return real == NULL ? IFD_NO_SUCH_DEVICE : real(lun);
}

RESPONSECODE IFDHGetCapabilities(DWORD lun, DWORD tag, PDWORD length, PUCHAR value) {
  RESPONSECODE (*real)(DWORD, DWORD, PDWORD, PUCHAR) = function("IFDHGetCapabilities");
  char path[4200], serial[256];
  FILE *file;
  size_t size;
  if (real == NULL) return IFD_NO_SUCH_DEVICE;
  if (tag != SCARD_ATTR_VENDOR_IFD_SERIAL_NO) return real(lun, tag, length, value);
  beside(path, sizeof path, ".serial");
  file = fopen(path, "r");
  if (file == NULL) return IFD_ERROR_TAG;
  size = fread(serial, 1, sizeof serial, file);
  fclose(file);
  if (size > *length) return IFD_ERROR_INSUFFICIENT_BUFFER;
  memcpy(value, serial, size);
  *length = size;
  return IFD_SUCCESS;
}
