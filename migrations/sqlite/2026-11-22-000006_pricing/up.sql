CREATE TABLE freight_templates (
    id INTEGER PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    measure TEXT NOT NULL CONSTRAINT freight_templates_measure_known CHECK (measure IN ('piece', 'weight', 'volume')),
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- The tariff of some provinces; the one without provinces is for everywhere else.
CREATE TABLE freight_tariffs (
    id INTEGER PRIMARY KEY NOT NULL,
    template_id BIGINT NOT NULL REFERENCES freight_templates (id),
    provinces TEXT NOT NULL,
    deliverable BOOLEAN NOT NULL,
    first_units BIGINT NOT NULL CONSTRAINT freight_tariffs_first_counted CHECK (first_units > 0),
    first_fee_fen BIGINT NOT NULL CONSTRAINT freight_tariffs_first_fee CHECK (first_fee_fen >= 0),
    next_units BIGINT NOT NULL CONSTRAINT freight_tariffs_next_counted CHECK (next_units > 0),
    next_fee_fen BIGINT NOT NULL CONSTRAINT freight_tariffs_next_fee CHECK (next_fee_fen >= 0),
    free_from_fen BIGINT CONSTRAINT freight_tariffs_free_from CHECK (free_from_fen >= 0)
);
CREATE INDEX freight_tariffs_template ON freight_tariffs (template_id);
