r"""A stand-in for the payment processor: its HTTP API, its webhooks and its hosted payment page.

It speaks what Demarc uses of Stripe's API, as version 2026-10-28.endive has it, and refuses what
that version refuses. No money moves. It listens on loopback only and keeps everything in memory.

    python -m local.processor --port 8430 --secret whsec_x \
        --webhook http://127.0.0.1:8080/webhooks/stripe
"""

from local.processor.server import Standin

__all__ = ["Standin"]
