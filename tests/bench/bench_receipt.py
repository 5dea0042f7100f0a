"""How long a receipt takes from the queue's row to bytes, beside python-escpos with the same lines.

Run: python -m tests.bench.bench_receipt
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from PIL import Image as Picture

from hardware.layout import Line, lay_out
from hardware.printers import glyphs
from hardware.printers.bitmap import from_image
from hardware.printers.escpos import encode
from hardware.printers.preview import as_png, as_text
from hardware.printers.profile import PROFILES
from hardware.receipt import (
    Align,
    Block,
    Columns,
    Document,
    Image,
    PrintJob,
    Qr,
    Rule,
    Size,
    Text,
    decode_job,
    encode_job,
)
from tests.checkout.paper_samples import KINDS

PROFILE = PROFILES["80mm"]
LOGO = from_image(Picture.linear_gradient("L").resize((576, 160)), 576)
ROUNDS = 300


def receipt(figure: str) -> PrintJob:
    """A sale of twenty lines, every fourth with a discount."""
    blocks: list[Block] = [Text("Пекарня «Штемпель»", Align.CENTER, bold=True, size=Size.LARGE), Rule()]
    for number in range(20):
        blocks.append(
            Columns(f"Молоко деревенское отборное {number} сорт 930 мл", f"1 284,0{number % 10}{figure}")
        )
        if number % 4 == 0:
            blocks.append(Columns("Молочный день −10 %", f"−128,40{figure}", indent=2))
    blocks += [Rule(), Columns("ИТОГО", f"25 680,00{figure}", bold=True, size=Size.LARGE)]
    blocks += [Columns("Начислено", "+128,40"), Columns("Баланс", "1 412,40", bold=True)]
    blocks.append(Qr("STEMPEL:R:0193f2a4c1d27b3e8f00112233445566"))
    return PrintJob(Document(tuple(blocks), "ru"), open_drawer=True)


def median_ms(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    run()
    taken: list[float] = []
    for _ in range(rounds):
        started_s = time.perf_counter()
        run()
        taken.append((time.perf_counter() - started_s) * 1000)
    return statistics.median(taken)


def by_library(lines: list[str]) -> bytes:
    """The same lines as text by python-escpos, which chooses code pages by itself."""
    from escpos.printer import Dummy

    printer = Dummy(profile="TM-T20II")
    for line in lines:
        printer.textln(line)
    printer.qr("STEMPEL:R:0193f2a4c1d27b3e8f00112233445566", native=True)
    printer.cut()
    return bytes(printer.output)


def drawn(job: PrintJob) -> bytes:
    """As the first receipt of the day: no drawn line is remembered yet, the letters' shapes are."""
    glyphs.line_bitmap.cache_clear()
    return encode(job, PROFILE)


def main() -> None:
    plain, rouble = receipt(""), receipt(" ₽")
    row = encode_job(plain)
    assert plain.document
    document = plain.document
    lines = [each.text for each in lay_out(document, PROFILE.columns) if isinstance(each, Line)]
    crowned = PrintJob(Document((Image("logo"), *document.blocks), "ru"))
    z_job = PrintJob(KINDS["z"]("ru"))
    ours = median_ms(lambda: encode(plain, PROFILE))
    theirs = median_ms(lambda: by_library(lines), 30)
    print(f"20-line receipt, {len(lines)} printed lines, {len(encode(plain, PROFILE))} bytes")
    print(f"  row to document      {median_ms(lambda: decode_job(row)):7.3f} ms")
    print(f"  layout               {median_ms(lambda: lay_out(document, 48)):7.3f} ms")
    print(f"  document to bytes    {ours:7.3f} ms   (the goal is 1 ms)")
    print(f"  every figure with ₽  {median_ms(lambda: drawn(rouble)):7.3f} ms   (those lines are drawn)")
    print(f"  with a logo, 576×160 {median_ms(lambda: encode(crowned, PROFILE, {'logo': LOGO})):7.3f} ms")
    print(f"  a Z report           {median_ms(lambda: encode(z_job, PROFILE)):7.3f} ms")
    print(f"  python-escpos        {theirs:7.3f} ms   ({theirs / ours:.1f} times ours)")
    print(f"  read back as text    {median_ms(lambda: as_text(encode(plain, PROFILE), PROFILE), 30):7.3f} ms")
    print(f"  as PNG               {median_ms(lambda: as_png(encode(plain, PROFILE), PROFILE), 10):7.3f} ms")


if __name__ == "__main__":
    main()
