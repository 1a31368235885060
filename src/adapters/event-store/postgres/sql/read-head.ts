/** The end of the log. */
export type HeadRow = { head: string | null }
export const readHead = { name: 'read-head', text: 'select max(position) as head from events' }
