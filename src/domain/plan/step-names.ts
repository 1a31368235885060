/** The names of steps: of the marks that they leave on a host, and of what is told of them. */
export const fixStep = (index: number): string => `fix-${index + 1}`
export const restoreStep = (index: number): string => `restore-${index + 1}`
/** Nothing was done before it. */
export const FIRST_STEP: string = fixStep(0)
