"""Capture — records on disk that a kill, a torn write or a full disk cannot quietly damage."""

from botmm.data.capture.blocks import Disk, Gap, Record
from botmm.data.capture.reader import Reader
from botmm.data.capture.walk import Damage
from botmm.data.capture.writer import Writer

__all__ = ["Damage", "Disk", "Gap", "Reader", "Record", "Writer"]
