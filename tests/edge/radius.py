"""Accounting packets for the tests, and a router's side of a UDP exchange."""

import socket
from datetime import UTC, datetime
from typing import Any

from pyrad.packet import AcctPacket

from edge.records import DICTIONARY

RECEIVED = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
SECRET = b"between-us"


def request(number: int, secret: bytes = SECRET, **attributes: Any) -> AcctPacket:
    """An Accounting-Request as a router would build it; None leaves an attribute out."""
    packet = AcctPacket(id=number % 256, secret=secret, dict=DICTIONARY)
    for name, value in {"Acct_Status_Type": "Interim-Update", **attributes}.items():
        if value is not None:
            packet[name.replace("_", "-")] = value
    return packet


def a_packet(**attributes: Any) -> AcctPacket:
    """The same as the collector decodes it."""
    raw = request(1, **attributes).RequestPacket()
    return AcctPacket(packet=raw, secret=SECRET, dict=DICTIONARY)


def interim(number: int, session: str, octets: int, secret: bytes = SECRET) -> AcctPacket:
    return request(
        number,
        secret,
        User_Name=f"{session}@isp.example",
        NAS_Identifier="bng-1",
        Acct_Session_Id=session,
        Acct_Input_Octets=octets,
        Acct_Session_Time=octets,
    )


def answered(port: socket.socket, packet: AcctPacket, seconds: float = 20) -> bool:
    """Send the packet and wait for an answer that is signed for it."""
    port.settimeout(seconds)
    raw = packet.RequestPacket()
    try:
        port.send(raw)
        reply = AcctPacket(packet=port.recv(4096), secret=packet.secret, dict=DICTIONARY)
    except (TimeoutError, ConnectionRefusedError):
        return False
    return packet.VerifyReply(reply)
