/**
 * CSV (RFC 4180) that a spreadsheet cannot mistake for formulas. Text is always quoted, so that a sheet with another separator does not
 * find a cell inside a cell; text that could begin a formula gets an apostrophe in front.
 */
import { visible } from './visible.ts'

export type CsvValue = string | number | bigint | boolean | null | undefined

export const csvRow = (values: readonly CsvValue[]): string => `${values.map(csvField).join(',')}\r\n`

export function csvField(value: CsvValue): string {
  if (value === null || value === undefined) return ''
  // A number of ours cannot be a formula; with an apostrophe it would be no number.
  if (typeof value !== 'string') return String(value)
  const text = visible(value, { newlines: 'keep' })
  return `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`
}

/** What spreadsheets take for a formula: the ASCII signs, their full-width forms, and both behind blanks. */
const FORMULA = /^\s*[=+\-@|%＝＋－＠]/u
