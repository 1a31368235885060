/** What differs between two configurations, field by field. A value that may be a secret is a reference by now, so both sides may be shown. */
import { diffValues, type FieldChange } from '../diff-values.ts'
import type { ServerConfig } from './config.ts'

export type { FieldChange }

export const diffConfigs = (from: ServerConfig, to: ServerConfig): readonly FieldChange[] => diffValues(from, to)

export const changedFields = (from: ServerConfig, to: ServerConfig): readonly string[] => diffConfigs(from, to).map(({ field }) => field)
