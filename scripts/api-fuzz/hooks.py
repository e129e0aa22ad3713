"""What Schemathesis cannot know of our values; scripts/api-fuzz/fuzz.py has it loaded."""

import os

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import StatefulPhaseData

_RECEIVER = os.environ["FUZZ_RECEIVER"]
_TENANT = os.environ["FUZZ_TENANT"]
# Whether the caller has the tenant's key, and not the operator's.
_HAS_KEY = os.environ["FUZZ_HAS_KEY"] == "True"
# Tenants that later requests are about.
_KEPT = os.environ["FUZZ_KEPT"].split(",")

# A made-up url or expression is next to never one: these are, so that there is something to deliver.
_URLS = [f"{_RECEIVER}/{status}" for status in (200, 204, 410, 429, 500)]
schemathesis.openapi.format("uri", st.sampled_from([*_URLS, "https://example.com/webhooks", "http://[::1]:9/?a=%00#b"]))
_FILTERS = ["", "true", "data.n > 1", "event.type.startsWith('a')", "metadata.k == 'v' || size(data) > 3"]
schemathesis.openapi.format("cel", st.sampled_from(_FILTERS))
_NETWORKS = ["127.0.0.0/8", "203.0.113.7/32", "::/0", "2001:db8::/32", "0.0.0.0/0"]
schemathesis.openapi.format("cidr", st.sampled_from(_NETWORKS))


@schemathesis.hook
def filter_case(context, case):
    """Leaves out what the document cannot say."""
    # A bin takes every method, of which the document has names for the usual ones only; and a DELETE deletes nothing there.
    if case.path.endswith("/bin/{id}"):
        return case.method not in ("QUERY", "DELETE")
    # Its answer has no end, and who waits for one waits for ever.
    return not case.path.endswith("/stream")


@schemathesis.hook
def before_call(context, case, kwargs):
    """Takes from requests what would keep a check from looking further."""
    headers, query = case.headers or {}, case.query or {}
    if case.meta is not None and isinstance(case.meta.phase.data, StatefulPhaseData):
        # With a key, a `201` may be the first answer given again, and what it made be deleted since, while
        # `ensure_resource_availability` takes every `201` for something new. The other phases send keys.
        headers.pop("Idempotency-Key", None)
        # One that is made up is never a cursor, and a refused list leads nowhere. The other phases send them.
        query.pop("cursor", None)
    if "Posthaste-Tenant" in headers and not (case.meta and case.meta.is_negative_at(ParameterLocation.HEADER)):
        # A made-up tenant is refused, whatever else the request says. One that breaks the document is left.
        headers["Posthaste-Tenant"] = _TENANT
        if case.method == "GET" and _HAS_KEY:
            # `object_level_authorization` asks again as the neighbour, once: not to be refused for this name already.
            del headers["Posthaste-Tenant"]
    if case.method == "DELETE" and case.path.endswith("/tenants/{id}") and case.path_parameters.get("id") in _KEPT:
        # Those that the requests themselves have made can be deleted.
        case.path_parameters["id"] = "nobody"
