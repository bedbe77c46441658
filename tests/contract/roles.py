"""What schemathesis is told beside the document: who is asking, and ids of things that exist."""

import json
import os
import re
import threading
import zlib

import schemathesis

from shop import Shop

ROLE = os.environ["CONTRACT_ROLE"]
FOUND = json.load(open(os.environ["CONTRACT_FOUND"], encoding="utf-8"))
SHOP = Shop(FOUND["place"])
LOCK = threading.Lock()
TOKEN = {}


def renew():
    """Logs in anew: at the beginning, and whenever a request has ended the log-in it came with."""
    if ROLE == "shopper":
        _, TOKEN["now"] = SHOP.shopper(FOUND["openid"])
    if ROLE == "owner":
        TOKEN["now"] = SHOP.colleague(SHOP.staff(**FOUND["place"]["staff"]))


def known(prefix, value):
    """Something that exists in the place of most ids; what is no id stays as it is."""
    ids = FOUND["drawers"].get(prefix)
    if not ids or not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,19}", value):
        return value
    # Decided by the value, so that the same case is sent when it is sent again.
    chance = zlib.crc32(value.encode())
    return value if chance % 5 == 0 else ids[chance // 5 % len(ids)]


@schemathesis.hook
def before_call(context, case, kwargs):
    """Puts in who is asking and what exists."""
    if case.path_parameters:
        prefix = case.operation.path.split("{")[0] + "{"
        # The account that makes new ones is nobody's to disable.
        kept = {name: known(prefix, value) for name, value in case.path_parameters.items()}
        case.path_parameters = {name: "1" if value == FOUND["keeper"] else value for name, value in kept.items()}
    if ROLE == "nobody":
        return
    with LOCK:
        if "now" not in TOKEN:
            renew()
    case.headers = {**(case.headers or {}), "Authorization": "Bearer " + TOKEN["now"]}


@schemathesis.hook
def after_call(context, case, response):
    """Notices when a log-in has ended, or its account has lost what it was allowed."""
    own = case.operation.path.startswith({"shopper": "/api/", "owner": "/admin/"}.get(ROLE, "-"))
    if own and response.status_code in (401, 403):
        code = json.loads(response.content or b"{}").get("code")
        if code in ("request.unauthenticated", "request.forbidden"):
            with LOCK:
                renew()
