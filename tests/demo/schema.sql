-- The tables of the demonstration service, and rows at a scale: demo.users, demo.keys and demo.teams are set
-- before. Keys with odd numbers belong to a team, those with even numbers to none.
CREATE TABLE teams (id int PRIMARY KEY, name text NOT NULL);

CREATE TABLE users (
    id int PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL UNIQUE,
    team_id int NOT NULL REFERENCES teams
);

CREATE TABLE keys (
    id int PRIMARY KEY,
    token text NOT NULL UNIQUE,
    user_id int NOT NULL REFERENCES users,
    team_id int REFERENCES teams
);
CREATE INDEX ON keys (user_id);

CREATE TABLE usage_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    key_id int NOT NULL,
    model text NOT NULL,
    tokens int NOT NULL
);

CREATE TABLE settings (name text PRIMARY KEY, value text NOT NULL);

CREATE TABLE heartbeat (service text PRIMARY KEY, beats int NOT NULL, at timestamptz NOT NULL);

-- How well a user fits a search. In PL/pgSQL, so that it stays a call and is not inlined.
CREATE FUNCTION relevance(name text) RETURNS double precision LANGUAGE plpgsql AS $$
BEGIN
    RETURN 1.0 / length(name);
END $$;

INSERT INTO teams
SELECT i, 'team ' || i FROM generate_series(1, current_setting('demo.teams')::int) i;

INSERT INTO users
SELECT i, 'user ' || i, 'user' || i || '@example.org', 1 + i % current_setting('demo.teams')::int
FROM generate_series(1, current_setting('demo.users')::int) i;

INSERT INTO keys
SELECT i, 'sk-demo-' || i, 1 + i % current_setting('demo.users')::int,
       CASE WHEN i % 2 = 1 THEN 1 + i % current_setting('demo.teams')::int END
FROM generate_series(1, current_setting('demo.keys')::int) i;

INSERT INTO settings VALUES ('default_model', 'demo-small'), ('moderation', 'off');

INSERT INTO heartbeat VALUES ('demo', 0, now());
