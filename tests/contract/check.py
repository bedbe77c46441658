"""Runs schemathesis once for each role and looks at the whole."""

import json
import os
import subprocess
import sys
import time

from shop import Shop

EXAMPLES = os.environ.get("CONTRACT_EXAMPLES", "15")
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,unsupported_method,"
    "allow_header_conformance"
)
# A list that is longer than allowed may also be longer than any body may be, which is noticed first.
REFUSALS = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429"]


def main(work, tool, seed):
    shop = Shop(json.load(open(f"{work}/place.json", encoding="utf-8")))
    document = shop.document()
    owner = shop.staff(**shop.place["staff"])
    openid, shopper = shop.shopper()
    shop.trade(shopper, owner)
    found = {
        "place": shop.place,
        "openid": openid,
        "keeper": shop.does("GET", "/admin/v1/me", token=owner)["staff_id"],
        "drawers": shop.drawers(document, {"owner": owner, "shopper": shopper}),
    }
    json.dump(found, open(f"{work}/found.json", "w", encoding="utf-8"))
    with open(f"{work}/schemathesis.toml", "w", encoding="utf-8") as settings:
        settings.write(f"[checks.negative_data_rejection]\nexpected-statuses = {json.dumps(REFUSALS)}\n")
    print(f"CONTRACT_SEED={seed}, ids of {len(found['drawers'])} kinds", flush=True)
    failed = [role for role in ("nobody", "shopper", "owner") if not passes(work, tool, seed, role, document)]
    owner = shop.staff(**shop.place["staff"])
    books = shop.does("GET", "/admin/v1/books", token=owner)
    assert books["balanced"] is True, books
    sys.exit(f"failed as {', '.join(failed)}; CONTRACT_SEED={seed} repeats it" if failed else 0)


def is_open_to(operation, role):
    """Whether this role may ask for it at all."""
    schemes = {name for scheme in operation.get("security", []) for name in scheme}
    return not schemes or {"shopper": "shopper", "owner": "staff"}.get(role) in schemes


def passes(work, tool, seed, role, document):
    """Whether everything is answered as announced: what the role may ask for, thoroughly, and the rest once each."""
    every = [one for item in document["paths"].values() for one in item.values() if "operationId" in one]
    own = [one["operationId"] for one in every if is_open_to(one, role)]
    rest = [one["operationId"] for one in every if not is_open_to(one, role)]
    thorough = ["--phases", "examples,coverage,fuzzing,stateful", "--max-examples", EXAMPLES]
    once = ["--phases", "fuzzing", "--mode", "positive", "--max-examples", "1"]
    return all([sends(work, tool, seed, role, own, thorough), sends(work, tool, seed, role, rest, once)])


def statuses_in(report):
    """Every status in a report; none when there is no whole report."""
    try:
        with open(report, encoding="utf-8") as file:
            return [entry["response"]["status"] for entry in json.load(file)["log"]["entries"]]
    except (OSError, ValueError):
        return []


def sends(work, tool, seed, role, operations, how):
    """Runs schemathesis over these operations; whether it found nothing."""
    begun = time.monotonic()
    here = os.path.dirname(os.path.abspath(__file__))
    environment = {
        **os.environ, "CONTRACT_ROLE": role, "CONTRACT_FOUND": f"{work}/found.json",
        "SCHEMATHESIS_HOOKS": f"{here}/roles.py", "PYTHONPATH": here, "PYTHONDONTWRITEBYTECODE": "1",
    }
    report = f"{work}/{role}-{len(operations)}.har"
    place = json.load(open(f"{work}/place.json", encoding="utf-8"))
    command = [
        *tool.split(), "--no-color", "run", place["base_url"] + "/openapi.json", "--seed", seed, "--checks", CHECKS,
        "--continue-on-failure", "--no-shrink", "--generation-database", "none", "--suppress-health-check", "all",
        "--warnings", "off", "--report", "har", "--report-har-path", report, "--output-truncate", "false",
        "--request-timeout", "20", *how,
    ]
    for operation in operations:
        command += ["--include-operation-id", operation]
    ran = subprocess.run(command, env=environment, cwd=work, capture_output=True, text=True, timeout=900)
    statuses = statuses_in(report)
    told = {status: statuses.count(status) for status in sorted(set(statuses))}
    took = time.monotonic() - begun
    print(f"as {role}, {len(operations)} operations: {took:.0f} s, {len(statuses)} answers {told}", flush=True)
    if ran.returncode != 0 or len(statuses) < len(operations):
        print(ran.stdout, ran.stderr)
    return ran.returncode == 0 and len(statuses) >= len(operations)


main(*sys.argv[1:])
