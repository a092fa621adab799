"""The engine as Prisma's Python client sees it: every kind of call, and every exception that it can raise.

Run by tests/integration/test_prisma_engine.py in an environment where ``prisma`` 0.11 was generated for
schema.prisma, with ``PRISMA_QUERY_ENGINE_BINARY`` and ``DATABASE_URL`` set.
"""
# mypy: ignore-errors
# The client's code is made in that environment only; there is nothing to check against here.

import asyncio
import datetime
import decimal

import httpx
import pytest
from prisma import Base64, Json, Prisma, errors
from prisma.engine.errors import EngineRequestError, UnprocessableEntityError

UTC = datetime.UTC


def with_client(case):
    """Runs an async case with a connected client on emptied tables."""

    def run():
        async def connected():
            async with Prisma() as db:
                await db.execute_raw('TRUNCATE "User", "Post", "Profile", "Member"')
                await case(db)

        asyncio.run(connected())

    run.__name__ = case.__name__  # Not functools.wraps: pytest would take the client for a fixture.
    return run


@with_client
async def test_create_and_find_every_type(db):
    seen = datetime.datetime(2024, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    await db.user.create(
        data={
            "id": "u1",
            "email": "a@b.c",
            "role": "ADMIN",
            "meta": Json({"nested": [1, None, "x"]}),
            "settings": Json("text"),
            "history": [Json(1), Json({"a": "b"})],
            "tokens": 9007199254740993,
            "score": 1.5,
            "balance": decimal.Decimal("12.34"),
            "photo": Base64.encode(b"\x00\xff"),
            "tags": ["a", 'b"c'],
            "seen": seen,
            "seenTz": seen,
        }
    )
    user = await db.user.find_unique(where={"id": "u1"})
    assert user.role == "ADMIN"
    assert user.meta == {"nested": [1, None, "x"]}
    assert user.settings == "text"
    assert user.history == [1, {"a": "b"}]
    assert user.tokens == 9007199254740993
    assert user.score == 1.5
    assert user.balance == decimal.Decimal("12.34")
    assert user.photo.decode() == b"\x00\xff"
    assert user.tags == ["a", 'b"c']
    assert user.seen == seen
    assert user.seenTz == seen
    assert user.name is None
    assert await db.user.find_unique(where={"id": "none"}) is None
    assert await db.user.find_first(where={"meta": {"equals": Json({"nested": [1, None, "x"]})}}) is not None


@with_client
async def test_update_upsert_delete_count(db):
    await db.user.create(data={"id": "u1", "email": "u1"})
    updated = await db.user.update(
        where={"id": "u1"}, data={"meta": Json([1]), "age": {"increment": 0}, "tags": {"push": ["t"]}}
    )
    assert (updated.meta, updated.tags) == ([1], ["t"])
    assert await db.user.update(where={"id": "none"}, data={"name": "x"}) is None
    upsert = {
        "create": {"team": "t", "person": "p", "info": Json({"n": 1})},
        "update": {"info": Json({"n": 2})},
    }
    where = {"team_person": {"team": "t", "person": "p"}}
    assert (await db.member.upsert(where=where, data=upsert)).info == {"n": 1}
    assert (await db.member.upsert(where=where, data=upsert)).info == {"n": 2}
    assert await db.member.count() == 1
    assert await db.member.count(select={"_all": True, "info": True}) == {"_all": 1, "info": 1}
    assert await db.member.update_many(where={"team": "t"}, data={"spend": 5}) == 1
    assert (await db.member.delete(where=where)).spend == 5
    assert await db.member.delete(where=where) is None
    assert await db.user.delete_many() == 1


@with_client
async def test_create_many_and_find_many(db):
    members = [{"team": "t", "person": str(n), "info": Json(n)} for n in range(5)]
    assert await db.member.create_many(data=members) == 5
    assert await db.member.create_many(data=members, skip_duplicates=True) == 0
    page = await db.member.find_many(where={"team": {"in": ["t"]}}, order={"person": "desc"}, take=2, skip=1)
    assert [(member.person, member.info) for member in page] == [("3", 3), ("2", 2)]


@with_client
async def test_relations(db):
    user = await db.user.create(
        data={"email": "u", "posts": {"create": [{"title": "a", "data": Json({"k": 1})}, {"title": "b"}]}},
        include={"posts": {"order_by": {"title": "asc"}}, "profile": True},
    )
    assert [(post.title, post.data) for post in user.posts] == [("a", {"k": 1}), ("b", None)]
    assert user.profile is None
    post = await db.post.find_first(
        where={"author": {"is": {"email": "u"}}, "title": "b"}, include={"author": True}
    )
    assert post.author.id == user.id
    await db.post.update(where={"id": post.id}, data={"author": {"disconnect": True}})
    await db.profile.create(data={"id": "p", "bio": Json({}), "user": {"connect": {"id": user.id}}})
    assert (
        len((await db.user.find_unique_or_raise(where={"id": user.id}, include={"posts": True})).posts) == 1
    )


@with_client
async def test_group_by(db):
    for n, role in enumerate(["ADMIN", "USER", "USER"]):
        await db.user.create(
            data={"email": str(n), "role": role, "age": n, "tokens": 10**15 + n, "score": n / 2}
        )
    groups = await db.user.group_by(
        ["role"], sum={"tokens": True, "score": True}, count=True, order={"role": "asc"}
    )
    assert groups == [
        {"role": "ADMIN", "_sum": {"tokens": str(10**15), "score": 0}, "_count": {"_all": 1}},
        {"role": "USER", "_sum": {"tokens": str(2 * 10**15 + 3), "score": 1.5}, "_count": {"_all": 2}},
    ]


@with_client
async def test_batch(db):
    async with db.batch_() as batch:
        batch.user.create({"id": "u1", "email": "u1"})
        batch.user.update(where={"id": "u1"}, data={"name": "named"})
        batch.execute_raw('UPDATE "User" SET age = $1', 7)
    user = await db.user.find_unique(where={"id": "u1"})
    assert (user.name, user.age) == ("named", 7)
    batch = db.batch_()
    batch.user.create({"id": "u2", "email": "u2"})
    batch.user.create({"id": "u3", "email": "u2"})
    with pytest.raises(errors.UniqueViolationError):
        await batch.commit()
    assert await db.user.count() == 1


@with_client
async def test_transaction(db):
    async with db.tx() as tx:
        await tx.user.create(data={"id": "u1", "email": "u1"})
        assert await tx.query_raw('SELECT count(*) AS n FROM "User"') == [{"n": 1}]
        assert await db.user.count() == 0
    assert await db.user.count() == 1
    transaction = db.tx()
    await (await transaction.start()).user.delete_many()
    await transaction.rollback()
    assert await db.user.count() == 1


@with_client
async def test_transaction_expires(db):
    transaction = db.tx(timeout=datetime.timedelta(milliseconds=100))
    tx = await transaction.start()
    await asyncio.sleep(0.3)
    with pytest.raises(errors.TransactionExpiredError):
        await tx.user.count()
    with pytest.raises(UnprocessableEntityError):
        await transaction.commit()


@with_client
async def test_transaction_waits_no_longer_than_max_wait(db):
    held = [db.tx(timeout=datetime.timedelta(seconds=20)) for _ in range(3)]
    for transaction in held:
        await transaction.start()
    with pytest.raises(EngineRequestError, match="Unable to start a transaction"):
        await db.tx(max_wait=datetime.timedelta(milliseconds=200)).start()
    for transaction in held:
        await transaction.rollback()


@with_client
async def test_raw(db):
    row = await db.query_first(
        "SELECT $1::int AS i, $2::text AS t, $3::boolean AS b, $4::int AS n, $5::text[] AS l,"
        " $6::timestamp AS d, 9007199254740993 AS big, 1.5::numeric AS dec,"
        " '{\"a\": 1}'::jsonb AS j, 'x'::name AS name",
        1,
        "it's",
        True,  # noqa: FBT003
        None,
        ["a", "b"],
        datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
    )
    assert row == {
        "i": 1,
        "t": "it's",
        "b": True,
        "n": None,
        "l": ["a", "b"],
        "d": "2024-01-02T03:04:05+00:00",
        "big": 9007199254740993,
        "dec": 1.5,
        "j": {"a": 1},
        "name": "x",
    }
    assert (
        await db.execute_raw(
            'INSERT INTO "User" (id, email, meta) VALUES ($1, $1, $2::jsonb)', "u1", '{"k": [1]}'
        )
        == 1
    )
    [user] = await db.user.query_raw('SELECT * FROM "User" WHERE id = $1', "u1")
    assert (user.id, user.meta) == ("u1", {"k": [1]})
    assert await db.query_first("SELECT 1 WHERE false") is None


@with_client
async def test_errors(db):
    await db.user.create(data={"id": "u1", "email": "taken"})
    with pytest.raises(errors.UniqueViolationError) as unique:
        await db.user.create(data={"email": "taken"})
    assert unique.value.code == "P2002"
    assert unique.value.meta["target"] == ["email"]
    with pytest.raises(errors.ForeignKeyViolationError):
        await db.post.create(data={"title": "t", "authorId": "nobody"})
    with pytest.raises(errors.MissingRequiredValueError):
        await db.user.create(data={})
    with pytest.raises(errors.FieldNotFoundError, match="nope"):
        await db.user.find_many(where={"nope": 1})
    with pytest.raises(errors.RecordNotFoundError):
        await db.user.find_unique_or_raise(where={"id": "none"})
    with pytest.raises(errors.TableNotFoundError) as missing:
        await db.missing.find_many()
    assert missing.value.table == "public.Missing"
    with pytest.raises(errors.RawQueryError, match="syntax error"):
        await db.query_raw("SELEC")
    with pytest.raises(errors.RawQueryError, match='relation "none" does not exist'):
        await db.query_raw("SELECT * FROM none")
    with pytest.raises(errors.DataError, match="64 bit"):
        await db.user.find_many(where={"tokens": 2**63})


@with_client
async def test_metrics(db):
    await db.user.count()
    metrics = await db.get_metrics(global_labels={"arm": "base"})
    total = next(counter for counter in metrics.counters if counter.key == "prisma_client_queries_total")
    assert total.value == 2  # The TRUNCATE before every case, and the count.
    assert total.labels == {"arm": "base"}
    assert "prisma_client_queries_total 2" in await db.get_metrics(format="prometheus")


@with_client
async def test_many_queries_at_once(db):
    await db.user.create(data={"id": "u1", "email": "u1", "age": 0})
    increment = {"age": {"increment": 1}}
    await asyncio.gather(*(db.user.update(where={"id": "u1"}, data=increment) for _ in range(50)))
    assert (await db.user.find_unique(where={"id": "u1"})).age == 50


def test_engine_ends_with_its_client():
    async def case():
        db = Prisma()
        await db.connect()
        url = db._engine.url
        assert httpx.get(f"{url}/status").json() == {"status": "ok"}
        await db.disconnect()
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/status")

    asyncio.run(case())
