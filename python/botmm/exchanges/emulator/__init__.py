"""Emulator — a Hyperliquid on this machine: its HTTP, WebSocket, signatures, limits and faults.

The core plays the market and keeps the accounts; this package says it in the venue's words.
"""

from __future__ import annotations

from botmm.exchanges.emulator.config import DEFAULT_PORT, EmulatorConfig
from botmm.exchanges.emulator.emulator import Emulator
from botmm.exchanges.emulator.faults import Fault, FaultPlan, read_plan
from botmm.exchanges.emulator.limits import LimitNumbers
from botmm.exchanges.emulator.pace import ScaledClock
from botmm.exchanges.public_accounts import TestAccount, is_test_address, test_account

__all__ = [
    "DEFAULT_PORT",
    "Emulator",
    "EmulatorConfig",
    "Fault",
    "FaultPlan",
    "LimitNumbers",
    "ScaledClock",
    "TestAccount",
    "is_test_address",
    "read_plan",
    "test_account",
]
