/**
 * Begins an append: whoever holds the row owns the end of the log until its transaction ends. Readers are not held up. What is read next must
 * be a statement of its own, since a statement that waited for the lock still sees the tables as they were before.
 */
export const lockHead = 'begin; select from log_head for update'
