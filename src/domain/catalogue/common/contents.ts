/** Last known good contents, kept on the host under their sha256. Only the hashes travel; the contents never enter an event. */
import { z } from 'zod'
import type { Leaves, Preview, Where } from '../action.ts'
import { absolutePath } from '../inventory.ts'
import type { Output, Program } from '../program.ts'

export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a sha256 in lower-case hexadecimal')
export const mode = z.string().regex(/^[0-7]{3,4}$/, 'must be an octal mode such as 644')
export const ownerId = z.int().min(0).max(4_294_967_294)

/** A file as it was when it was last known to be good. */
export const keptFile = z.strictObject({ path: absolutePath, sha256, mode, uid: ownerId, gid: ownerId })
export type KeptFile = Readonly<z.infer<typeof keptFile>>
export const keptFiles = z.array(keptFile).min(1).max(32)

/** Configuration, not data: what is larger is not kept. */
export const KEPT_CONTENT_LIMIT_BYTES = 4_194_304

export const keepContents = (stateDir: string, paths: readonly string[]): Program => ({
  kind: 'script',
  script: 'common/keep-content.sh',
  args: [stateDir, String(KEPT_CONTENT_LIMIT_BYTES), ...paths],
})

/** The hash of each path in order; undefined for one that was not kept. Undefined altogether when the output proves nothing. */
export function parseKeptContents(output: Output, paths: readonly string[]): ReadonlyMap<string, string> | undefined {
  if (output.kind !== 'text' || output.exitCode !== 0) return undefined
  const lines = output.stdout.trimEnd().split('\n')
  if (lines.length !== paths.length) return undefined
  return new Map(paths.flatMap((path, index) => (sha256.safeParse(lines[index]).success ? [[path, lines[index] ?? '']] : [])))
}

/** Permits when every content is there and at least one file differs from it. */
export const checkContents = (stateDir: string, files: readonly KeptFile[]): Program => ({
  kind: 'script',
  script: 'common/check-contents.sh',
  args: [stateDir, ...files.flatMap((file) => [file.sha256, file.path])],
})

export const printContent = (stateDir: string, sha256: string): Program => ({
  kind: 'script',
  script: 'common/print-content.sh',
  args: ['print', stateDir, sha256],
})

/** What a file will hold: a kept content, and the hash that the host computes of it. */
export const previewOf = (stateDir: string, { path, sha256 }: KeptFile): Preview => ({
  path,
  content: printContent(stateDir, sha256),
  sha256: { kind: 'script', script: 'common/print-content.sh', args: ['hash', stateDir, sha256] },
})

export const putContents = (stateDir: string, files: readonly KeptFile[], where: Where = (path) => path): Program => ({
  kind: 'script',
  script: 'common/put-contents.sh',
  args: [stateDir, ...files.flatMap((file) => [file.sha256, where(file.path), file.mode, String(file.uid), String(file.gid)])],
})

/** A file keeps the mode and owner that it has; one that was missing comes back with the recorded ones. */
export const leftByContents = (files: readonly KeptFile[]): Leaves => ({
  files: files.map(({ path, mode, uid, gid }) => ({ path, mode, uid, gid, onlyIfMissing: true })),
})
