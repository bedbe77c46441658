-- Links that open a mini-program from outside WeChat, kept while they live: WeChat makes a shop so many a day.
CREATE TABLE guide_links (
    id INTEGER PRIMARY KEY NOT NULL,
    entrance_id BIGINT NOT NULL REFERENCES entrances (id),
    form TEXT NOT NULL CONSTRAINT guide_links_form_known CHECK (form IN ('url_link', 'scheme')),
    page TEXT NOT NULL,
    query TEXT NOT NULL,
    link TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    made_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX guide_links_target ON guide_links (entrance_id, form, page, query);
CREATE INDEX guide_links_expiry ON guide_links (expires_at);
