-- Of those who paid for an order on a day, how many came back on each of the days after it, by days of the shop's zone.
-- Parameters: from, to (DateTime64(3, 'UTC')), zone (String, such as Asia/Shanghai), days (UInt16).
WITH
    active AS
    (
        SELECT DISTINCT
            person,
            toDate(toTimeZone(at, {zone:String})) AS day,
            name = 'order_paid' AS bought
        FROM hourglass_events FINAL
        WHERE at >= {from:DateTime64(3, 'UTC')}
          AND at < {to:DateTime64(3, 'UTC')}
          AND NOT left_out
    ),
    cohorts AS
    (
        SELECT DISTINCT person, day FROM active WHERE bought
    )
SELECT
    cohorts.day AS cohort,
    dateDiff('day', cohorts.day, active.day) AS days_after,
    uniqExact(cohorts.person) AS people
FROM cohorts
INNER JOIN active ON active.person = cohorts.person
WHERE active.day >= cohorts.day
  AND dateDiff('day', cohorts.day, active.day) <= {days:UInt16}
GROUP BY cohort, days_after
ORDER BY cohort, days_after;
