/** Which client's configuration a file is, by where it lies. */
import type { ClientFormat } from './found.ts'

/** Undefined: none that is known. `path` is absolute, with `/` or `\` between. */
export function clientFormatOf(path: string): ClientFormat | undefined {
  const [name, folder, above] = path.split(/[/\\]/).reverse()
  switch (name) {
    case 'claude_desktop_config.json':
      return 'claude-desktop'
    case 'mcp.json':
      if (folder === '.vscode' || (folder === 'User' && above !== undefined && EDITORS.has(above))) return 'vscode'
      return folder === '.cursor' ? 'cursor' : 'mcp'
    case '.mcp.json':
      return 'mcp'
    default:
      return undefined
  }
}

/** Folders in which VS Code and its sisters keep what belongs to the user. */
const EDITORS: ReadonlySet<string> = new Set(['Code', 'Code - Insiders', 'VSCodium'])

/** Where clients keep their configuration, below a home directory. */
export const placesInHome: readonly string[] = [
  '.config/Claude/claude_desktop_config.json',
  'Library/Application Support/Claude/claude_desktop_config.json',
  'AppData/Roaming/Claude/claude_desktop_config.json',
  '.cursor/mcp.json',
  '.vscode/mcp.json',
  '.config/Code/User/mcp.json',
  'Library/Application Support/Code/User/mcp.json',
  'AppData/Roaming/Code/User/mcp.json',
  '.mcp.json',
  'mcp.json',
]
