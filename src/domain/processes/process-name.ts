/** The process managers by name. The name begins the names of their streams. */
export const processNames = ['healing', 'triage', 'onboarding', 'retirement', 'server-care', 'housekeeping'] as const
export type ProcessName = (typeof processNames)[number]
export const isProcessName = (name: string): name is ProcessName => processNames.some((known) => known === name)
