/** The keys of a practice host: made once in its directory, so that it is the same host when it is started again. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ssh2 from 'ssh2'

export type KeyPair = Readonly<{ privateKey: string; publicKey: string; path: string }>

export function keyPair(dir: string, name: string): KeyPair {
  const path = join(dir, name)
  if (!existsSync(path)) {
    const made = generate()
    writeFileSync(`${path}.pub`, `${made.public}\n`)
    writeFileSync(path, made.private, { mode: 0o600 })
  }
  return { privateKey: readFileSync(path, 'utf8'), publicKey: readFileSync(`${path}.pub`, 'utf8').trim(), path }
}

/** About one in a hundred keys that ssh2 makes cannot be read again, by ssh2 or by OpenSSH. */
function generate(): { private: string; public: string } {
  for (;;) {
    const made = ssh2.utils.generateKeyPairSync('ed25519')
    if (isReadable(made.private) && isReadable(made.public)) return made
  }
}

const isReadable = (key: string): boolean => !(ssh2.utils.parseKey(key) instanceof Error)
