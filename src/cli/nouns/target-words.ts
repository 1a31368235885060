/** The words that options of several commands on targets may be. */
export const SERVICES = ['nginx', 'postgresql', 'redis'] as const
export const MODES = ['observe', 'propose', 'act'] as const
export const modeHelp = 'observe: detect and tell. propose: plan, and wait for a person. act: the policy may approve.'
