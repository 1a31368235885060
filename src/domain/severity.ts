/** The one scale of severity, and the converters from every other scale that reaches us. */
export const severities = ['info', 'warning', 'error', 'critical'] as const
export type Severity = (typeof severities)[number]

/** Syslog, RFC 5424 section 6.2.1: 0 is an emergency, 7 is debugging. */
export const fromSyslog = (level: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7): Severity =>
  level <= 2 ? 'critical' : level === 3 ? 'error' : level === 4 ? 'warning' : 'info'

/** The analyser's scale: 1 is harmless, 5 is worst. */
export const fromAnalyzerScale = (level: 1 | 2 | 3 | 4 | 5): Severity =>
  level === 5 ? 'critical' : level === 4 ? 'error' : level === 3 ? 'warning' : 'info'

/** The monitoring document's priority: 1 is critical, 4 is low. */
export const fromPriority = (level: 1 | 2 | 3 | 4): Severity =>
  level === 1 ? 'critical' : level === 2 ? 'error' : level === 3 ? 'warning' : 'info'

export const isWorse = (a: Severity, b: Severity): boolean => severities.indexOf(a) > severities.indexOf(b)
