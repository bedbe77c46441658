"""A shop with something in every drawer: asks an open demonstration for log-ins, buys in it, and finds what it holds.

Nothing here is particular to one kind of thing: ids are found by walking the lists that the document names, so that a
new capability is met without being told of.
"""

import json
import re
import urllib.error
import urllib.request
import uuid


class Shop:
    """An open demonstration."""

    def __init__(self, place):
        self.place = place
        self.base = place["base_url"]

    def ask(self, method, url, body=None, token=None, **headers):
        """A request; answers the status and the JSON that came back."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(url if "://" in url else self.base + url, data=data, method=method)
        request.add_header("content-type", "application/json")
        if token:
            request.add_header("authorization", "Bearer " + token)
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.loads(refusal.read() or b"null")

    def does(self, method, url, body=None, token=None, **headers):
        """A request that must succeed; answers its JSON."""
        status, answer = self.ask(method, url, body, token, **headers)
        assert 200 <= status < 300, (method, url, status, answer)
        return answer

    def wechat(self, method, path, body=None):
        """A request to the simulator's own endpoints."""
        return self.does(method, self.place["simulator_url"] + "/_sim" + path, body)

    def document(self):
        """What the service says about itself."""
        return self.does("GET", "/openapi.json")

    def shopper(self, openid=None):
        """Logs somebody in through the mini-program; answers who WeChat says they are, and their token."""
        login = self.wechat("POST", "/login", {"openid": openid} if openid else {})
        session = self.does("POST", "/api/v1/sessions/wechat-mini", {"js_code": login["js_code"]})
        return login["openid"], session["access_token"]

    def staff(self, username, password):
        """Logs a member of staff in; answers the token."""
        account = {"username": username, "password": password}
        return self.does("POST", "/admin/v1/sessions", account)["access_token"]

    def colleague(self, owner):
        """Another owner, made by this one; answers their token."""
        roles = self.does("GET", "/admin/v1/roles", token=owner)["items"]
        role = next(role["role_id"] for role in roles if role["name"] == "owner")
        account = {"username": "o" + uuid.uuid4().hex[:12], "password": uuid.uuid4().hex}
        self.does("POST", "/admin/v1/staff", {**account, "display_name": "店主", "roles": [role]}, owner)
        return self.staff(**account)

    def trade(self, token, owner):
        """Lets a shopper bring orders into every state that comes without waiting."""
        product = self.does("GET", "/api/v1/products?limit=1")["items"][0]["id"]
        sku = self.does("GET", f"/api/v1/products/{product}")["skus"][0]["id"]
        place = {
            "receiver_name": "张三", "receiver_phone": "13800001234", "province_code": "44", "city": "深圳市",
            "district": "南山区", "detail": "科技园一路 1 号",
        }
        address = self.does("POST", "/api/v1/addresses", place, token)["address_id"]
        self.does("POST", "/api/v1/addresses", place, token)
        lines = [{"sku_id": sku, "quantity": 1}]
        self.does("POST", "/api/v1/cart/lines", lines[0], token)
        for state in ["pending", "cancelled", "paid", "refunding", "shipped", "received"]:
            quote = self.does("POST", "/api/v1/quotes", {"lines": lines, "province_code": "44"}, token)
            expected = {"total_fen": quote["total_fen"], "digest": quote["digest"]}
            body = {"lines": lines, "address_id": address, "expected": expected}
            order = self.does("POST", "/api/v1/orders", body, token, Idempotency_Key=uuid.uuid4().hex)["order_id"]
            own, desk = f"/api/v1/orders/{order}", f"/admin/v1/orders/{order}"
            if state == "pending":
                continue
            if state == "cancelled":
                self.does("POST", own + "/cancel", {"reason": "不想要了"}, token)
                continue
            handover = self.does("POST", own + "/payments", {"trade_type": "jsapi"}, token)
            self.wechat("POST", "/pay", {"prepay_id": handover["params"]["package"].split("=")[1]})
            self.wechat("POST", "/notices/flush")
            assert self.does("GET", own, token=token)["state"] == "paid"
            if state == "refunding":
                self.does("POST", own + "/refund", {"reason": "不想要了"}, token)
            if state in ("shipped", "received"):
                parcel = {"carrier_code": "SF", "tracking_no": "SF" + uuid.uuid4().hex[:12].upper()}
                self.does("POST", desk + "/shipments", parcel, owner)
            if state == "received":
                self.does("POST", own + "/receipt", token=token)

    def drawers(self, document, tokens):
        """Ids by the path that takes them, such as `/api/v1/orders/{`, found in the lists beside these paths."""
        found = {}
        for path in document["paths"]:
            collection = path.split("/{")[0]
            if collection == path or collection + "/{" in found or "get" not in document["paths"].get(collection, {}):
                continue
            token = tokens["shopper" if path.startswith("/api/") else "owner"]
            status, answer = self.ask("GET", collection, token=token)
            items = answer if isinstance(answer, list) else (answer or {}).get("items", [])
            name = re.search(r"\{(\w+)\}", path).group(1)
            ids = [item.get(name, item.get("id")) for item in items if status == 200 and isinstance(item, dict)]
            found[collection + "/{"] = [one for one in ids if isinstance(one, str)]
        return {prefix: ids for prefix, ids in found.items() if ids}
