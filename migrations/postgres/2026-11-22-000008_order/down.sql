DROP TABLE tracking_events;
DROP TABLE shipment_lines;
DROP TABLE shipments;
DROP TABLE ship_gates;
DROP TABLE order_history;
DROP TABLE order_adjustments;
DROP TABLE order_lines;
DROP TABLE orders;
