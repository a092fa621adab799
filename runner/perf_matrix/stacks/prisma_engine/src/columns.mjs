// Postgres column types -> the engine's column types, and the text of a value -> the form the engine reads.
//
// Every value arrives as Postgres' own text (the pool asks for no other parsing). A type that is not listed, such as
// `name`, an enum or `interval`, is read as text: the engine then treats it as a string instead of refusing the row.
import { ColumnTypeEnum as Type } from '@prisma/driver-adapter-utils';
import { parse as parseArray } from 'postgres-array';

const asIs = (text) => text;
const boolean = (text) => text === 't';
const bytes = (text) => [...Buffer.from(text.slice(2), 'hex')];
const money = (text) => text.replace(/[^\d.-]/g, '');

// The engine expects UTC without an offset. Postgres answers in the session's time zone, which is the server's choice.
function utcTimestamp(text) {
  const [, local, sign, hours, minutes = '0', seconds = '0'] =
    text.match(/^(.*)([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/) ?? [];
  if (!local) return text;
  const offset = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * (sign === '-' ? -1 : 1);
  if (offset === 0) return local;
  const [whole, fraction] = local.split('.');
  const shifted = new Date(Date.parse(`${whole.replace(' ', 'T')}Z`) - offset * 1000).toISOString();
  return `${shifted.slice(0, 10)} ${shifted.slice(11, 19)}${fraction ? `.${fraction}` : ''}`;
}

const timeWithoutOffset = (text) => text.replace(/[+-][\d:]+$/, '');

const column = (type, read) => ({ type, read });
const list = (type, read) => ({ type, read: (text) => parseArray(text, read) });

// Object ids of the types in pg_type.dat; they never change between Postgres versions.
const COLUMNS = new Map([
  [16, column(Type.Boolean, boolean)],
  [17, column(Type.Bytes, bytes)],
  [18, column(Type.Character, asIs)],
  [20, column(Type.Int64, asIs)],
  [21, column(Type.Int32, Number)],
  [23, column(Type.Int32, Number)],
  [26, column(Type.Int64, asIs)],
  [114, column(Type.Json, asIs)],
  [700, column(Type.Float, Number)],
  [701, column(Type.Double, Number)],
  [790, column(Type.Numeric, money)],
  [1082, column(Type.Date, asIs)],
  [1083, column(Type.Time, asIs)],
  [1114, column(Type.DateTime, asIs)],
  [1184, column(Type.DateTime, utcTimestamp)],
  [1266, column(Type.Time, timeWithoutOffset)],
  [1700, column(Type.Numeric, asIs)],
  [2950, column(Type.Uuid, asIs)],
  [3802, column(Type.Json, asIs)],
  // Lists.
  [143, list(Type.TextArray, asIs)], // xml
  [199, list(Type.JsonArray, asIs)],
  [651, list(Type.TextArray, asIs)], // cidr
  [791, list(Type.NumericArray, money)],
  [1000, list(Type.BooleanArray, boolean)],
  [1001, list(Type.BytesArray, bytes)],
  [1002, list(Type.CharacterArray, asIs)],
  [1003, list(Type.TextArray, asIs)], // name
  [1005, list(Type.Int32Array, Number)],
  [1007, list(Type.Int32Array, Number)],
  [1009, list(Type.TextArray, asIs)],
  [1014, list(Type.TextArray, asIs)], // bpchar
  [1015, list(Type.TextArray, asIs)], // varchar
  [1016, list(Type.Int64Array, asIs)],
  [1021, list(Type.FloatArray, Number)],
  [1022, list(Type.DoubleArray, Number)],
  [1028, list(Type.Int64Array, asIs)], // oid
  [1041, list(Type.TextArray, asIs)], // inet
  [1115, list(Type.DateTimeArray, asIs)],
  [1182, list(Type.DateArray, asIs)],
  [1183, list(Type.TimeArray, asIs)],
  [1185, list(Type.DateTimeArray, utcTimestamp)],
  [1231, list(Type.NumericArray, asIs)],
  [1561, list(Type.TextArray, asIs)], // bit
  [1563, list(Type.TextArray, asIs)], // varbit
  [2951, list(Type.UuidArray, asIs)],
  [3807, list(Type.JsonArray, asIs)],
]);
const TEXT = column(Type.Text, asIs);

/**
 * @param {import('pg').QueryArrayResult} result rows as arrays of Postgres' text, null for NULL
 * @returns {{ columnNames: string[], columnTypes: number[], rows: unknown[][] }} what the engine takes as an answer
 */
export function engineRows({ fields, rows }) {
  const columns = fields.map(({ dataTypeID }) => COLUMNS.get(dataTypeID) ?? TEXT);
  return {
    columnNames: fields.map(({ name }) => name),
    columnTypes: columns.map(({ type }) => type),
    rows: rows.map((row) => row.map((text, index) => (text === null ? null : columns[index].read(text)))),
  };
}
