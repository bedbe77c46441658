-- The purchase funnel over 14 days from its first step, which `windowFunnel` measures in milliseconds here.
-- Parameters: from, to (DateTime64(3, 'UTC')).
WITH reached AS
(
    SELECT
        person,
        windowFunnel(1209600000)
        (
            toUInt64(toUnixTimestamp64Milli(at)),
            name = 'product_viewed',
            name = 'cart_line_added',
            name = 'order_placed',
            name = 'order_paid'
        ) AS steps
    FROM hourglass_events FINAL
    WHERE at >= {from:DateTime64(3, 'UTC')}
      AND at < {to:DateTime64(3, 'UTC')}
      AND NOT left_out
      AND name IN ('product_viewed', 'cart_line_added', 'order_placed', 'order_paid')
    GROUP BY person
)
SELECT
    step,
    countIf(steps >= step) AS people
FROM reached
ARRAY JOIN [1, 2, 3, 4] AS step
GROUP BY step
ORDER BY step;
