"""Asks DuckDB and in-process ClickHouse (PyPI duckdb, chdb) the questions of the benchmark over the same events.

    python compare.py <folder that the benchmark sealed into>

Each engine is asked over the Parquet files and over a table of its own, in every formulation below; its best time of
all counts. The numbers must be equal to ours; then the ratios are printed.
"""

import json
import sys
import time

import chdb.session
import duckdb

RUNS = 5
FOLDER = sys.argv[1]
OURS = json.load(open(f"{FOLDER}/ours.json"))
START, DAYS = OURS["from"], OURS["days"]
DAY = 86_400_000
END = START + DAYS * DAY
FILES = f"{FOLDER}/day-*.parquet"

# The newest start of a way is carried from step to step; it is the largest one, so that a running maximum finds it.
DUCK_FUNNEL = f"""
with e as (select subject, ms, seq, name from {{t}} where name in ('view_product','add_cart','checkout','pay')),
a as (select *, max(case when name='view_product' then ms end) over w as s1 from e
      window w as (partition by subject order by ms, seq rows unbounded preceding)),
b as (select *, max(case when name='add_cart' and ms - s1 <= {DAY} then s1 end) over w as s2 from a
      window w as (partition by subject order by ms, seq rows unbounded preceding)),
c as (select *, max(case when name='checkout' and ms - s2 <= {DAY} then s2 end) over w as s3 from b
      window w as (partition by subject order by ms, seq rows unbounded preceding)),
d as (select subject, max(case when name='view_product' then 1 when name='add_cart' and ms - s1 <= {DAY} then 2 else 0 end) as k,
      max(case when name='checkout' and ms - s2 <= {DAY} then 3 else 0 end) as l,
      max(case when name='pay' and ms - s3 <= {DAY} then 4 else 0 end) as m from c group by subject)
select count(*) filter (greatest(k,l,m)>=1), count(*) filter (greatest(k,l,m)>=2),
       count(*) filter (greatest(k,l,m)>=3), count(*) filter (m>=4) from d"""

CLICK_FUNNEL = f"""
select countIf(k>=1), countIf(k>=2), countIf(k>=3), countIf(k>=4) from (
 select subject, windowFunnel({DAY})(toUInt64(ms), name='view_product', name='add_cart', name='checkout', name='pay') as k
 from {{t}} where name in ('view_product','add_cart','checkout','pay') group by subject)"""

DUCK_RETENTION = [
    f"""with s as (select distinct subject, (ms-{START})//{DAY} as d from {{t}} where name='app_show'),
    r as (select distinct subject, (ms-{START})//{DAY} as d from {{t}} where name='view_product')
    select s.d, r.d-s.d as n, count(*) from s join r on s.subject=r.subject and r.d>=s.d group by all order by all""",
    f"""with u as (select subject, bit_or(case when name='app_show' then 1::bigint << ((ms-{START})//{DAY}) else 0 end) s,
     bit_or(case when name='view_product' then 1::bigint << ((ms-{START})//{DAY}) else 0 end) r
     from {{t}} where name in ('app_show','view_product') group by subject),
    d as (select range as i from range({DAYS})), p as (select i.i as i, j.i as j from d i, d j where j.i>=i.i)
    select i, j-i, count(*) from u, p where (s >> i) & 1 = 1 and (r >> j) & 1 = 1 group by all order by all""",
]
CLICK_RETENTION = [
    f"""select s.d, r.d-s.d as n, count() from
    (select distinct subject, intDiv(ms-{START},{DAY}) as d from {{t}} where name='app_show') s
    join (select distinct subject, intDiv(ms-{START},{DAY}) as d from {{t}} where name='view_product') r
    on s.subject=r.subject where r.d>=s.d group by 1,2 order by 1,2""",
    f"""select i, j-i as n, count() from (
      select groupBitOrIf(bitShiftLeft(toUInt64(1), intDiv(ms-{START},{DAY})), name='app_show') s,
      groupBitOrIf(bitShiftLeft(toUInt64(1), intDiv(ms-{START},{DAY})), name='view_product') r
      from {{t}} where name in ('app_show','view_product') group by subject)
    array join bitPositionsToArray(s) as i array join bitPositionsToArray(r) as j where j>=i group by 1,2 order by 1,2""",
    f"""select i, j-i as n, count() from (
      select groupUniqArrayIf(intDiv(ms-{START},{DAY}), name='app_show') s,
      groupUniqArrayIf(intDiv(ms-{START},{DAY}), name='view_product') r
      from {{t}} where name in ('app_show','view_product') group by subject)
    array join s as i array join r as j where j>=i group by 1,2 order by 1,2""",
]

DUCK_PATHS = """
with a as (select subject, ms, seq, name, lag(ms) over w as pm, lag(name) over w as pn from {t}
  window w as (partition by subject order by ms, seq)),
b as (select subject, ms, seq, name, sum(case when pm is null or ms-pm>1800000 then 1 else 0 end) over
  (partition by subject order by ms, seq rows unbounded preceding) as s,
  (pm is null or ms-pm>1800000 or name<>pn) as keep from a),
c as (select name, row_number() over w as p, lead(name) over w as nx from b where keep
  window w as (partition by subject, s order by ms, seq))
select p, name, nx, count(*) as n from c where p<5 and nx is not null group by all order by n desc, p, name, nx limit 50"""

CLICK_PATHS = """
select p, x.1 as a, x.2 as b, count() as n from (
  select arrayJoin(arrayMap(g -> arraySlice(arrayCompact(arrayMap(y -> y.3, g)), 1, 5),
    arraySplit((y, d) -> d > 1800000, e, arrayDifference(arrayMap(y -> y.1, e))))) as w
  from (select arraySort(groupArray((ms, seq, name))) as e from {t} group by subject))
array join arrayZip(arrayPopBack(w), arrayPopFront(w)) as x, arrayEnumerate(arrayPopBack(w)) as p
group by 1,2,3 order by n desc, p, a, b limit 50"""

SEGMENT = f"""
select count(*) from (select subject from {{t}} where ms < {END} and name in ('view_product','pay','share') group by subject
having sum(case when name='view_product' and ms>={END - 7 * DAY} then 1 else 0 end)>=3
and sum(case when name='pay' and ms>={END - 30 * DAY} and p_price_fen>=10000 then 1 else 0 end)>=1
and sum(case when name='share' and ms>={END - 14 * DAY} then 1 else 0 end)=0)"""
DUCK_COUNTS = f"select (ms-{START})//{DAY} as d, count(*) from {{t}} where name='view_product' group by d order by d"
CLICK_COUNTS = f"select intDiv(ms-{START},{DAY}) as d, count() from {{t}} where name='view_product' group by d order by d"

COLUMNS = "subject, seq, name, p_price_fen"


def best(ask, formulations, tables):
    found = None
    for formulation in formulations:
        for table in tables:
            times = []
            for _ in range(RUNS):
                begin = time.perf_counter()
                rows = ask(formulation.replace("{t}", table))
                times.append(time.perf_counter() - begin)
            if found is None or min(times) < found[0]:
                found = (min(times), rows)
    return found


def plain(name, rows):
    if name == "funnel":
        return [int(x) for x in rows[0]]
    if name == "segment":
        return int(rows[0][0])
    if name == "counts":
        return [int(row[1]) for row in rows]
    if name == "retention":
        return {(int(d), int(n)): int(k) for d, n, k in rows}
    return [(int(p), a, b, int(n)) for p, a, b, n in rows]


def ours(name):
    answer = OURS["questions"][name]["answer"]
    if name == "retention":
        # Cells that lie beyond the range are empty with us and missing with the others.
        return {(d, n): k for d, (_, cells) in enumerate(answer) for n, k in enumerate(cells) if k}
    if name == "paths":
        return [tuple(edge) for edge in answer]
    return answer


def main():
    duck = duckdb.connect()
    duck.execute("set threads=2; set memory_limit='3GB'; set timezone='UTC'")
    view = f"select {COLUMNS}, epoch_ms(\"at\") as ms from read_parquet('{FILES}')"
    duck.execute(f"create view files as {view}")
    duck.execute("create table own as select * from files order by subject, ms, seq")
    click = chdb.session.Session()
    files = f"(select {COLUMNS}, toUnixTimestamp64Milli(at) as ms from file('{FILES}', Parquet))"
    click.query("set max_threads=2")
    click.query("create database if not exists b engine=Atomic")
    click.query(
        "create table b.own (subject UInt32, seq Int64, name LowCardinality(String), p_price_fen Nullable(Float64), "
        "ms Int64) engine=MergeTree order by (subject, ms, seq)"
    )
    click.query(f"insert into b.own select {COLUMNS}, ms from {files} settings max_threads=2")
    click.query("optimize table b.own final")

    def ask_duck(sql):
        return duck.execute(sql).fetchall()

    def ask_click(sql):
        return json.loads(click.query(sql + " settings max_threads=2, output_format_json_quote_64bit_integers=0", "JSONCompact").bytes())["data"]

    questions = {
        "funnel": ([DUCK_FUNNEL], [CLICK_FUNNEL]),
        "retention": (DUCK_RETENTION, CLICK_RETENTION),
        "paths": ([DUCK_PATHS], [CLICK_PATHS]),
        "segment": ([SEGMENT], [SEGMENT]),
        "counts": ([DUCK_COUNTS], [CLICK_COUNTS]),
    }
    failed = False
    for name, (for_duck, for_click) in questions.items():
        mine = OURS["questions"][name]["seconds"]
        line = f"{name}: ours {mine * 1e3:.1f} ms"
        for engine, ask, sqls, tables in [
            ("duckdb", ask_duck, for_duck, ["files", "own"]),
            ("clickhouse", ask_click, for_click, [files, "b.own"]),
        ]:
            seconds, rows = best(ask, sqls, tables)
            equal = plain(name, rows) == ours(name)
            failed |= not equal
            line += f"; {engine} {seconds * 1e3:.1f} ms = {seconds / mine:.1f}x{'' if equal else ' NUMBERS DIFFER'}"
        print(line, flush=True)
    sys.exit(failed)


main()
