"""Lets the trackers report to a running shop, and looks at what the registry says has arrived."""

import json
import os
import subprocess
import sys
import urllib.request

place = json.load(open(sys.argv[1], encoding="utf-8"))


def ask(base, path, token=None, body=None):
    request = urllib.request.Request(base + path, data=None if body is None else json.dumps(body).encode())
    if body is not None:
        request.add_header("content-type", "application/json")
    if token:
        request.add_header("authorization", "Bearer " + token)
    return json.load(urllib.request.urlopen(request))


def listed(path, token):
    found, cursor = {}, ""
    while cursor is not None:
        page = ask(place["base_url"], f"/admin/v1/analytics/{path}?limit=100" + (cursor and f"&cursor={cursor}"), token)
        found.update((item["name"], item) for item in page["items"])
        cursor = page["next_cursor"]
    return found


code = ask(place["simulator_url"], "/_sim/login", body={})["js_code"]
shopper = ask(place["base_url"], "/api/v1/sessions/wechat-mini", body={"js_code": code})
owner = ask(place["base_url"], "/admin/v1/sessions", body=place["staff"])["access_token"]
environment = {**os.environ, "SHOP_URL": place["base_url"], "USER_ID": shopper["user"]["user_id"]}
peers = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers", "trackers")
told = subprocess.run(["node", "check.cjs"], cwd=peers, env=environment, check=True, timeout=120, stdout=subprocess.PIPE)
answers = json.loads(told.stdout.decode().strip().splitlines()[-1])

sensors, posthog = answers["sensors"], answers["posthog"]
assert sensors and all(answer["status"] == 200 for answer in sensors), sensors
assert sum(answer["body"]["accepted"] for answer in sensors) == 17, sensors
assert all(answer["body"]["refused"] == 0 for answer in sensors), sensors
assert posthog and all(answer["status"] == 200 and answer["body"] == {"status": 1} for answer in posthog), posthog
assert any(answer["encoding"] == "gzip" for answer in posthog), posthog

events = listed("event-names", owner)
expected = {
    "$MPLaunch": 1, "$MPShow": 1, "$MPViewScreen": 1, "$MPClick": 1, "$MPShare": 1, "$MPPageLeave": 1, "$MPHide": 1,
    "ProductOpened": 1, "$SignUp": 1, "$BindID": 1, "$UnbindID": 1, "app_order_paid": 1, "$profile_set": 1,
    "$profile_set_once": 2, "$profile_increment": 1, "$profile_append": 1,
    "Catalog Opened": 2, "$identify": 1, "$create_alias": 1, "Order Reviewed": 1,
}
for name, count in expected.items():
    assert events[name]["today"]["events"] == count, (name, events.get(name))
    assert events[name]["conflicts"] == 0, events[name]
properties = listed("property-names", owner)
kinds = {
    "$scene": "text", "$share": "text", "$page": "text", "$network": "text", "$agent": "text", "$device": "text",
    "price": "number", "first": "flag", "tags": "list", "plan": "text", "depth": "number", "stars": "number",
    "set_level": "number", "set_plan": "text",
}
for name, kind in kinds.items():
    assert properties[name]["kind"] == kind, (name, properties.get(name))
print(f"{sum(expected.values())} events of two trackers arrived, each once")
