"""The text of a statement in, its syntax tree out, for those statements that sqlglot understands. (Pure.)

sqlglot reads many dialects and is lenient: it takes ``LISTEN a`` for a column with an alias, pgvector's
``<=>`` for MySQL's, and passes over what it does not know. Two statements must never count as the same one
by such a mistake. So a tree is believed only if the statement begins like one that reads or writes
rows, if every word of it comes back when the tree is written as SQL again, and if no alias is a word of
the language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from sqlglot import ErrorLevel, exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.parsers.postgres import PostgresParser
from sqlglot.tokenizer_core import Token, TokenType

_BEGINNINGS = {
    TokenType.SELECT,
    TokenType.INSERT,
    TokenType.UPDATE,
    TokenType.DELETE,
    TokenType.WITH,
    TokenType.VALUES,
    TokenType.L_PAREN,
}
_STATEMENTS = (exp.Query, exp.Values, exp.Insert, exp.Update, exp.Delete)

_TYPES_OF_CONSTANTS = {
    TokenType.INTERVAL,
    TokenType.DATE,
    TokenType.TIME,
    TokenType.TIMETZ,
    TokenType.TIMESTAMP,
    TokenType.TIMESTAMPTZ,
}
_WRITTEN_OTHERWISE = {
    TokenType.STRING,
    TokenType.NUMBER,
    TokenType.BIGINT,
    TokenType.BOOLEAN,
    TokenType.CHAR,
    TokenType.DECIMAL,
    TokenType.DOUBLE,
    TokenType.FLOAT,
    TokenType.INT,
    TokenType.SMALLINT,
    TokenType.VARCHAR,
    *_TYPES_OF_CONSTANTS,
}
_SYNONYMS = {"::", "(", ")", "!=", "NOW", "WITH", "WITHOUT", "ZONE"}
"""With the tokens above, what sqlglot writes in other words that mean the same: int8, <>, now()."""

_NO_ALIASES = set(
    """
    ALL AND ANY AS ASC BY CASE CONFLICT CROSS DEFAULT DESC DISTINCT DO ELSE END EXCEPT FETCH FILTER FOR
    FROM FULL GROUP HAVING IN INNER INTERSECT INTO IS ISNULL JOIN LATERAL LEFT LIKE LIMIT NATURAL NOT
    NOTHING NOTNULL NULL NULLS OFFSET ON ONLY OR ORDER OUTER OVER RETURNING RIGHT SELECT SET TABLE
    TABLESAMPLE THEN UNION UPDATE USING VALUES WHEN WHERE WINDOW WITH
    """.split()  # noqa: SIM905
)
"""An alias of this name was the beginning of a clause: the text is cut off, or the clause is unknown."""


class _PgStatStatements(Postgres):
    """The dialect of the texts of pg_stat_statements."""

    class Tokenizer(Postgres.Tokenizer):
        """``$1, $2`` are two parameters. sqlglot itself takes ``$1, $`` for the beginning of a quoted text."""

        HEREDOC_STRINGS = []  # noqa: RUF012
        SINGLE_TOKENS = {**Postgres.Tokenizer.SINGLE_TOKENS, "$": TokenType.PARAMETER}  # noqa: RUF012

    class Parser(PostgresParser):
        """Refuses what sqlglot would keep as a text, and log."""

        def _warn_unsupported(self) -> None:
            raise ParseError("unsupported syntax")

    INDEX_OFFSET = 0  # An index stays as written.

    def to_json_path(self, path: exp.Expr | None) -> exp.Expr | None:
        """Keep a path as it is written: sqlglot would read it, and log what is wrong with it."""
        return path


_DIALECT = _PgStatStatements()
_END = Token(TokenType.SENTINEL, "")


def parsed(text: str) -> exp.Expr | None:
    """Return the tree of one statement that reads or writes rows, or None where it is not understood.

    RecursionError for one that is nested too deeply.
    """
    try:
        tokens = list(_without_types_of_constants(_DIALECT.tokenize(text)))
        if not tokens or tokens[0].token_type not in _BEGINNINGS or _has_dollar_quotes(tokens):
            return None
        trees = _DIALECT.parser(error_level=ErrorLevel.IMMEDIATE).parse(tokens, text)
        tree = trees[0] if len(trees) == 1 else None
        return tree if isinstance(tree, _STATEMENTS) and _is_faithful(tree, tokens) else None
    except SqlglotError:
        return None


def _without_types_of_constants(tokens: Iterable[Token]) -> Iterator[Token]:
    """Leave out the type in ``interval $1``: of ``interval '1 day'`` pg_stat_statements replaces the text only."""
    for kept, following in pairwise([*tokens, _END]):
        if kept.token_type in _TYPES_OF_CONSTANTS and following.token_type is TokenType.PARAMETER:
            continue
        yield kept


def _has_dollar_quotes(tokens: Iterable[Token]) -> bool:
    """Tell whether a ``$`` begins a quoted text, ``$$ … $$`` or ``$a$ … $a$``, which is no SQL to be parsed."""
    return any(
        token.token_type is TokenType.PARAMETER and following.token_type is not TokenType.NUMBER
        for token, following in pairwise([*tokens, _END])
    )


def _is_faithful(tree: exp.Expr, tokens: Iterable[Token]) -> bool:
    written = tree.sql(dialect=_DIALECT, unsupported_level=ErrorLevel.RAISE)
    lost = _words(tokens) - _words(_DIALECT.tokenize(written))
    return not lost and all(map(_is_sound, tree.walk()))


def _words(tokens: Iterable[Token]) -> Counter[str]:
    words = (token.text.upper() for token in tokens if token.token_type not in _WRITTEN_OTHERWISE)
    return Counter(word for word in words if word not in _SYNONYMS)


def _is_sound(node: exp.Expr) -> bool:
    """Tell whether a node can be of Postgres, where other dialects allow more."""
    if isinstance(node, exp.Alias):
        return _is_alias(node.args.get("alias"))
    if isinstance(node, exp.TableAlias):
        return node.this is None or _is_alias(node.this)
    if isinstance(node, exp.Insert | exp.Update | exp.Delete):
        return _changes_one_table(node)
    return True


def _is_alias(name: object) -> bool:
    return isinstance(name, exp.Identifier) and (name.quoted or name.name.upper() not in _NO_ALIASES)


def _changes_one_table(node: exp.Insert | exp.Update | exp.Delete) -> bool:
    target = node.this.this if isinstance(node.this, exp.Schema) else node.this
    assigned = [isinstance(item, exp.EQ) for item in node.expressions]
    return (
        isinstance(target, exp.Table)
        and not node.args.get("tables")
        and all(assigned)
        and bool(assigned) == isinstance(node, exp.Update)
    )
