/* A disk below one process: it forgets what was not synced when the power is cut, or it is full.
 *
 * Loaded with LD_PRELOAD. Only regular files below the folder given to disk_watch are meant; everything else
 * goes through. Nothing happens until disk_cut or disk_fill arms it.
 *
 * A cut: every write since the file's last fsync is undone, then each is drawn anew: it reached the disk whole,
 * not at all, or by some of its sectors of 512 bytes. So writes arrive in any order, as a disk's cache has them.
 * The process ends at once, as a machine without power does.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OFF, CUT, FULL };
enum { SECTOR = 512, CUT_STATUS = 137 };

struct pending {
  ino_t inode;
  int fd; /* our own: closing one that SQLite opened would let go of its locks */
  off_t at, size_before;
  size_t length, old_length;
  char *new_bytes, *old_bytes; /* new_bytes is NULL for a truncation */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct pending *log_;
static size_t logged, room;
static char folder[4096];
static int mode = OFF;
static long left;
static unsigned long long drawn;

static unsigned int draw(unsigned int below) {
  drawn = drawn * 6364136223846793005ULL + 1442695040888963407ULL;
  return (unsigned int)(drawn >> 33) % below;
}

#define REAL(name) static __typeof__(&name) real; if (real == NULL) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

void disk_watch(const char *path) { snprintf(folder, sizeof folder, "%s/", path); }

/* The power goes at the n-th write or sync from now. */
void disk_cut(long n, unsigned long long seed) { mode = CUT; left = n; drawn = seed * 2 + 1; }

/* From the n-th write on there is no room, until disk_off. */
void disk_fill(long n) { mode = FULL; left = n; }

/* The disk is well again; how many writes disk_fill would still have let through. */
long disk_off(void) { mode = OFF; return left; }

static int watched(int fd, struct stat *about) {
  char link[64], path[4096];
  if (mode == OFF || fstat(fd, about) != 0 || !S_ISREG(about->st_mode)) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  /* The shared-memory file is no more than memory: SQLite makes it anew after a crash. */
  return strncmp(path, folder, strlen(folder)) == 0 && strstr(path, "-shm") == NULL;
}

static int own_fd(int fd, ino_t inode) {
  for (size_t n = 0; n < logged; n++)
    if (log_[n].inode == inode) return log_[n].fd;
  return dup(fd);
}

static struct pending *remember(int fd, const struct stat *about, off_t at, size_t old_length) {
  if (logged == room) {
    room = room ? 2 * room : 256;
    log_ = realloc(log_, room * sizeof *log_);
  }
  struct pending *one = &log_[logged];
  memset(one, 0, sizeof *one);
  one->inode = about->st_ino;
  one->fd = own_fd(fd, about->st_ino);
  one->at = at;
  one->size_before = about->st_size;
  one->old_bytes = malloc(old_length + 1);
  ssize_t got = pread(one->fd, one->old_bytes, old_length, at);
  one->old_length = got > 0 ? (size_t)got : 0;
  logged++;
  return one;
}

static void put(int fd, const char *bytes, size_t length, off_t at) {
  REAL(pwrite);
  while (length > 0) {
    ssize_t done = real(fd, bytes, length, at);
    if (done <= 0) return;
    bytes += done, at += done, length -= (size_t)done;
  }
}

static void cut(void) {
  REAL(ftruncate);
  for (size_t n = logged; n-- > 0;) {
    struct pending *one = &log_[n];
    put(one->fd, one->old_bytes, one->old_length, one->at);
    if (real(one->fd, one->size_before) != 0) abort();
  }
  for (size_t n = 0; n < logged; n++) {
    struct pending *one = &log_[n];
    unsigned int luck = draw(5);
    if (one->new_bytes == NULL) {
      if (luck < 2 && real(one->fd, one->at) != 0) abort();
    } else if (luck < 2) {
      put(one->fd, one->new_bytes, one->length, one->at);
    } else if (luck == 4) {
      for (size_t from = 0; from < one->length; from += SECTOR)
        if (draw(2)) {
          size_t some = one->length - from < SECTOR ? one->length - from : SECTOR;
          put(one->fd, one->new_bytes + from, some, one->at + (off_t)from);
        }
    }
  }
  _exit(CUT_STATUS);
}

/* One more write or sync; -1 if the disk is full. */
static int step(void) {
  left--;
  if (mode == CUT && left < 0) cut();
  return mode == FULL && left < 0 ? -1 : 0;
}

static ssize_t write_at(int fd, const void *bytes, size_t length, off_t at) {
  REAL(pwrite);
  struct stat about;
  if (mode == OFF) return real(fd, bytes, length, at);
  pthread_mutex_lock(&lock);
  ssize_t done;
  if (!watched(fd, &about)) {
    done = real(fd, bytes, length, at);
  } else if (step() != 0) {
    errno = ENOSPC;
    done = -1;
  } else {
    if (mode == CUT) {
      struct pending *one = remember(fd, &about, at, length);
      one->length = length;
      one->new_bytes = malloc(length + 1);
      memcpy(one->new_bytes, bytes, length);
    }
    done = real(fd, bytes, length, at);
  }
  pthread_mutex_unlock(&lock);
  return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return write_at(fd, bytes, length, at); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) { return write_at(fd, bytes, length, at); }

ssize_t write(int fd, const void *bytes, size_t length) {
  REAL(write);
  struct stat about;
  if (mode == OFF || !watched(fd, &about)) return real(fd, bytes, length);
  off_t at = lseek(fd, 0, SEEK_CUR);
  ssize_t done = write_at(fd, bytes, length, at);
  if (done > 0) lseek(fd, at + done, SEEK_SET);
  return done;
}

static int truncate_to(int fd, off_t size) {
  REAL(ftruncate);
  struct stat about;
  if (mode == OFF) return real(fd, size);
  pthread_mutex_lock(&lock);
  int done = 0;
  if (watched(fd, &about)) {
    done = step();
    if (done != 0) errno = ENOSPC;
    else if (mode == CUT) {
      size_t tail = about.st_size > size ? (size_t)(about.st_size - size) : 0;
      remember(fd, &about, size, tail);
    }
  }
  if (done == 0) done = real(fd, size);
  pthread_mutex_unlock(&lock);
  return done;
}

int ftruncate(int fd, off_t size) { return truncate_to(fd, size); }
int ftruncate64(int fd, off64_t size) { return truncate_to(fd, size); }

/* What was written before it is on the disk from now on. */
static void synced(int fd) {
  struct stat about;
  pthread_mutex_lock(&lock);
  if (watched(fd, &about)) {
    step();
    size_t kept = 0;
    for (size_t n = 0; n < logged; n++) {
      if (log_[n].inode == about.st_ino) {
        free(log_[n].old_bytes);
        free(log_[n].new_bytes);
      } else {
        log_[kept++] = log_[n];
      }
    }
    logged = kept;
  }
  pthread_mutex_unlock(&lock);
}

int fsync(int fd) {
  REAL(fsync);
  if (mode == CUT) synced(fd);
  return real(fd);
}

int fdatasync(int fd) {
  REAL(fdatasync);
  if (mode == CUT) synced(fd);
  return real(fd);
}
