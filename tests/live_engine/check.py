"""Publishes and plays through a real engine, rightly and wrongly, and looks at the room meanwhile."""

import datetime
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request

place = json.load(open(sys.argv[1], encoding="utf-8"))
PATIENCE = 40
PICTURE = [
    "-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=15", "-c:v", "libx264", "-preset", "ultrafast",
    "-tune", "zerolatency", "-g", "15", "-pix_fmt", "yuv420p", "-f", "flv",
]


def ask(path, token=None, body=None, method=None, base=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request((base or place["base_url"]) + path, data=data, method=method)
    if body is not None:
        request.add_header("content-type", "application/json")
    if token:
        request.add_header("authorization", "Bearer " + token)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.loads(refusal.read() or b"null")


def told(path, token=None, body=None, method=None, base=None):
    status, answer = ask(path, token, body, method, base)
    assert 200 <= status < 300, (path, status, answer)
    return answer


owner = told("/admin/v1/sessions", body=place["staff"])["access_token"]


def shopper():
    code = told("/_sim/login", body={}, base=place["simulator_url"])["js_code"]
    session = told("/api/v1/sessions/wechat-mini", body={"js_code": code})
    return session["access_token"], session["user"]["user_id"]


def plan(title):
    begin = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=5)
    moment = lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ")
    body = {
        "title": title, "anchor_name": "小麦", "starts_at": moment(begin),
        "ends_at": moment(begin + datetime.timedelta(hours=1)),
    }
    return told("/admin/v1/live-rooms", owner, body)["room"]["id"]


def room(of):
    return told(f"/admin/v1/live-rooms/{of}", owner)


def push_url(of):
    return told(f"/admin/v1/live-rooms/{of}/push-address", owner)["url"]


def play_url(of, viewer):
    return told(f"/api/v1/live-rooms/{of}/play-addresses", viewer)["items"][0]["url"]


def wait_for(what, wanted):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = what()
        if found == wanted:
            return
        time.sleep(0.2)
    raise AssertionError(f"expected {wanted}, found {found}")


def becomes(of, state):
    wait_for(lambda: room(of)["room"]["state"], state)


running = []


def ffmpeg(*arguments):
    process = subprocess.Popen(["ffmpeg", "-nostdin", "-v", "error", *arguments], stderr=subprocess.DEVNULL)
    running.append(process)
    return process


def publish(url):
    return ffmpeg(*PICTURE, url)


def watch(url, *, frames=None):
    several = [] if frames is None else ["-frames:v", str(frames)]
    return ffmpeg("-analyzeduration", "1000000", "-i", url, *several, "-f", "null", "-")


def ends(process, seconds=PATIENCE):
    return process.wait(timeout=seconds)


def spoiled(url, name):
    begin, rest = url.split(f"{name}=", 1)
    return f"{begin}{name}={'1' if rest[0] == '0' else '0'}{rest[1:]}"


try:
    live, other = plan("引擎验收"), plan("另一间")
    viewer, _ = shopper()
    banned, banned_id = shopper()
    status, refusal = ask(f"/api/v1/live-rooms/{live}/play-addresses", viewer)
    assert (status, refusal["code"]) == (409, "live.not_on_air"), refusal

    address = push_url(live)
    assert ends(publish(spoiled(address, "txSecret"))) != 0, "a wrong key publishes"
    assert ends(publish(spoiled(address, "pass"))) != 0, "a wrong pass publishes"
    assert ends(publish(push_url(other).replace("?", "x?"))) != 0, "a room that is none is published to"
    assert room(live)["room"]["state"] == "planned", room(live)
    print("wrong keys publish nothing")

    anchor = publish(address)
    becomes(live, "live")
    assert room(live)["changes"][-1]["actor"] == "engine", room(live)["changes"]
    print("the right key turns the room live")

    good, theirs = play_url(live, viewer), play_url(live, banned)
    assert ends(watch(good, frames=10)) == 0, "the right address does not play"
    assert ends(watch(spoiled(good, "txSecret"), frames=10)) != 0, "a wrong key plays"
    assert ends(watch(good.split("&viewer=")[0], frames=10)) != 0, "an address of nobody's plays"
    print("the right address plays ten frames, wrong ones none")

    watching = watch(theirs)
    time.sleep(3)
    assert watching.poll() is None, "the viewer was cut off too early"
    told(f"/admin/v1/live-rooms/{live}/sanctions", owner, {"user_id": banned_id, "kind": "ban", "reason": "刷屏"})
    ends(watching)
    assert ends(watch(theirs, frames=10)) != 0, "somebody who is banned plays"
    assert ends(watch(good, frames=10)) == 0, "somebody else is refused too"
    print("whoever is banned is cut off and kept out")

    anchor.terminate()
    ends(anchor)
    becomes(live, "paused")
    wait_for(lambda: len(room(live)["replays"]), 1)
    assert room(live)["replays"][0]["media_url"].startswith("https://recordings.example/"), room(live)["replays"]
    print("silence pauses the room, and its recording is filed")

    anchor = publish(address)
    becomes(live, "live")
    told(f"/admin/v1/live-rooms/{live}/push-address/renew", owner, method="POST")
    ends(anchor)
    becomes(live, "paused")
    assert ends(publish(address)) != 0, "a withdrawn address publishes"
    anchor = publish(push_url(live))
    becomes(live, "live")
    print("a withdrawn address is cut off, a new one goes on")

    told(f"/admin/v1/live-rooms/{live}/end", owner, {"reason": "下播"})
    ends(anchor)
    assert ends(publish(anchor.args[-1])) != 0, "a room that is over is published to"
    assert ends(watch(good, frames=10)) != 0, "a room that is over is played"
    told(f"/admin/v1/live-rooms/{other}/cancel", owner, {"reason": "不播了"})
    assert room(live)["room"]["state"] == "ended" and room(other)["room"]["state"] == "cancelled"
    print("a room that is over is closed to all")
finally:
    for process in running:
        if process.poll() is None:
            process.kill()
            process.wait()
