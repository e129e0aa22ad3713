"""Runs verify.py and the official Standard Webhooks library for Python against vectors.json.

They must agree on every vector of that scheme, and the sample must be right on all of them.
"""

import json
import sys
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

from standardwebhooks import Webhook

from verify import verify_pt, verify_standard


def official_accepts(vector: dict) -> bool:
    headers = {
        "webhook-id": vector["id"],
        "webhook-timestamp": vector["timestamp"],
        "webhook-signature": vector["signature"],
    }

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.fromtimestamp(vector["now_s"], tz)

    # The library reads the clock itself.
    with patch("standardwebhooks.webhooks.datetime", Clock):
        try:
            Webhook(vector["secret"]).verify(vector["body"].encode(), headers)
            return True
        except Exception:
            # It raises errors of its own and those of its parsers alike; each is a refusal.
            return False


def main() -> int:
    vectors = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))
    results = []
    for v in vectors["standard"]:
        body = v["body"].encode()
        sample = verify_standard(v["secret"], v["id"], v["timestamp"], v["signature"], body, v["now_s"])
        results.append((f"verify.py, standard: {v['name']}", sample, v["valid"]))
        results.append((f"standardwebhooks: {v['name']}", official_accepts(v), v["valid"]))
    for v in vectors["pt"]:
        sample = verify_pt(v["secret"], v["signature"], v["body"].encode(), v["now_s"])
        results.append((f"verify.py, pt: {v['name']}", sample, v["valid"]))

    failures = [(name, accepted) for name, accepted, valid in results if accepted != valid]
    for name, accepted in failures:
        print(f"FAILED {name}: {'accepted' if accepted else 'refused'}", file=sys.stderr)
    print(f"python: {len(results) - len(failures)} passed, {len(failures)} failed")
    return 1 if failures or not results else 0


if __name__ == "__main__":
    sys.exit(main())
