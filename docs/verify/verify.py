"""Verifies deliveries of Posthaste: standard library only. Use either function; both are sent.

`body` is the request's body as it came, before any JSON parser; a missing header is "".
"""

import base64
import hashlib
import hmac
import re
import time

TOLERANCE_S = 5 * 60


def verify_standard(
    secret: str, webhook_id: str, timestamp: str, signature: str, body: bytes, now_s: float | None = None
) -> bool:
    """Headers `webhook-id`, `webhook-timestamp` and `webhook-signature`; `secret` is `whsec_…`."""
    if not webhook_id or not _is_fresh(timestamp, now_s):
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    tag = base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    # compare_digest takes constant time, so a forger learns nothing from how long a refusal takes.
    return any([hmac.compare_digest(one.encode(), b"v1," + tag) for one in signature.split(" ")])


def verify_pt(secret: str, signature: str, body: bytes, now_s: float | None = None) -> bool:
    """Header `X-PT-Signature`; the key is the secret's text as shown, `whsec_` included."""
    parts = signature.split(",")
    times = [part[2:] for part in parts if part.startswith("t=")]
    if len(times) != 1 or not _is_fresh(times[0], now_s):
        return False
    tag = hmac.digest(secret.encode(), times[0].encode() + body, hashlib.sha256).hex()
    return any([hmac.compare_digest(part.encode(), f"v1={tag}".encode()) for part in parts])


def _is_fresh(timestamp: str, now_s: float | None) -> bool:
    # Exactly ten digits: nothing separates the timestamp from the body in what X-PT-Signature signs, so
    # an eleventh digit could have been the body's first.
    if not re.fullmatch(r"[0-9]{10}", timestamp):
        return False
    now_s = time.time() if now_s is None else now_s
    return abs(int(now_s) - int(timestamp)) <= TOLERANCE_S
