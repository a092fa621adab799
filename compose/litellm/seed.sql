-- Fills a migrated database of LiteLLM's proxy, at the scale of the settings perf.models, perf.users,
-- perf.keys, perf.teams and perf.mcp_servers (SET perf.models = '200'; and so on, before this script).
--
-- Rows differ on purpose, since a regression often sits on one path only: keys with and without a team,
-- an organisation and an object permission; users with and without a membership of their team.
-- Rows differ in age, the first being the oldest, so that every list has one order, whatever is written to
-- its rows meanwhile.
-- Keys are sk-perf-0001, sk-perf-0002, ...; the proxy stores their SHA-256.
BEGIN;

INSERT INTO "LiteLLM_BudgetTable" (budget_id, max_budget, created_by, updated_by)
VALUES ('perf-budget', 1000000, 'perf', 'perf');

INSERT INTO "LiteLLM_OrganizationTable" (organization_id, organization_alias, budget_id, models, created_by, updated_by)
VALUES ('org-001', 'Organisation 1', 'perf-budget', '{}', 'perf', 'perf');

INSERT INTO "LiteLLM_TeamTable" (team_id, team_alias, models, members, admins, members_with_roles, created_at)
SELECT 'team-' || lpad(i::text, 3, '0'), 'Team ' || i, '{}', '{}', '{}', '[]'::jsonb,
       now() - interval '10 days' + i * interval '1 second'
FROM generate_series(1, current_setting('perf.teams')::int) i;

INSERT INTO "LiteLLM_UserTable" (user_id, user_email, user_role, teams, models, created_at)
SELECT 'user-' || lpad(i::text, 3, '0'), 'user' || i || '@example.com', 'internal_user',
       ARRAY['team-' || lpad((1 + (i - 1) % current_setting('perf.teams')::int)::text, 3, '0')], '{}',
       now() - interval '10 days' + i * interval '1 second'
FROM generate_series(1, current_setting('perf.users')::int) i;

-- Every fifth user is in a team by its own row only: a lookup of its membership finds nothing.
INSERT INTO "LiteLLM_TeamMembership" (user_id, team_id)
SELECT 'user-' || lpad(i::text, 3, '0'), 'team-' || lpad((1 + (i - 1) % current_setting('perf.teams')::int)::text, 3, '0')
FROM generate_series(1, current_setting('perf.users')::int) i
WHERE i % 5 <> 0;

UPDATE "LiteLLM_TeamTable" team
SET members_with_roles = (
    SELECT coalesce(jsonb_agg(jsonb_build_object('role', 'user', 'user_id', member.user_id) ORDER BY member.user_id), '[]')
    FROM "LiteLLM_TeamMembership" member
    WHERE member.team_id = team.team_id
);

INSERT INTO "LiteLLM_ObjectPermissionTable" (object_permission_id, mcp_servers, vector_stores)
SELECT 'permission-' || lpad(i::text, 4, '0'), ARRAY['mcp-001'], '{}'
FROM generate_series(1, current_setting('perf.keys')::int) i
WHERE i % 2 = 0;

-- Key 1 has a team, key 2 a team and an object permission, key 3 a team and an organisation, key 4 no team.
INSERT INTO "LiteLLM_VerificationToken"
    (token, key_name, key_alias, user_id, team_id, organization_id, object_permission_id, models, created_at)
SELECT encode(sha256(('sk-perf-' || lpad(i::text, 4, '0'))::bytea), 'hex'),
       'sk-...' || lpad(i::text, 4, '0'),
       'perf-key-' || i,
       'user-' || lpad((1 + (i - 1) % current_setting('perf.users')::int)::text, 3, '0'),
       CASE WHEN i % 4 <> 0 THEN 'team-' || lpad(
           (1 + ((i - 1) % current_setting('perf.users')::int) % current_setting('perf.teams')::int)::text, 3, '0') END,
       CASE WHEN i % 4 = 3 THEN 'org-001' END,
       CASE WHEN i % 2 = 0 THEN 'permission-' || lpad(i::text, 4, '0') END,
       '{}',
       now() - interval '10 days' + i * interval '1 second'
FROM generate_series(1, current_setting('perf.keys')::int) i;

INSERT INTO "LiteLLM_ProxyModelTable" (model_id, model_name, litellm_params, model_info, created_by, updated_by)
SELECT 'perf-model-' || lpad(i::text, 3, '0'), 'perf-model-' || lpad(i::text, 3, '0'),
       jsonb_build_object('model', 'openai/gpt-4o-mini', 'api_key', 'sk-unused', 'mock_response', 'A mocked answer.'),
       jsonb_build_object('id', 'perf-model-' || lpad(i::text, 3, '0'), 'db_model', true),
       'default_user_id', 'default_user_id'
FROM generate_series(1, current_setting('perf.models')::int) i;

-- Nothing listens there: releases that check a server's health inside the list call are refused at once.
INSERT INTO "LiteLLM_MCPServerTable" (server_id, server_name, alias, url, transport, mcp_access_groups)
SELECT 'mcp-' || lpad(i::text, 3, '0'), 'perf_mcp_' || i, 'perf_mcp_' || i, 'http://127.0.0.1:9/mcp', 'http', '{}'
FROM generate_series(1, current_setting('perf.mcp_servers')::int) i;

-- Thirty days of spend for the first users, as the daily activity page shows it.
INSERT INTO "LiteLLM_DailyUserSpend"
    (id, user_id, date, api_key, model, model_group, custom_llm_provider, prompt_tokens, completion_tokens, spend,
     api_requests, successful_requests, updated_at)
SELECT 'spend-' || day || '-' || i, 'user-' || lpad(i::text, 3, '0'), to_char(current_date - day, 'YYYY-MM-DD'),
       encode(sha256(('sk-perf-' || lpad(i::text, 4, '0'))::bytea), 'hex'),
       'gpt-4o-mini', 'perf-model-001', 'openai', 100, 100, 0.01, 10, 10, now()
FROM generate_series(0, 29) day, generate_series(1, least(10, current_setting('perf.users')::int)) i;

COMMIT;
