/** The page of the fleet, for people. It comes without a key and holds nothing but itself: what it shows it asks the API for, with the key of its reader. */
import { z } from 'zod'
import { ApiError } from '../api-error.ts'
import { defineStream } from '../define-route.ts'
import { fileText } from '../file-text.ts'
import { htmlPage, pageFile, pagePolicy } from '../pages.ts'
import { aPublicPage, contentOf } from '../route-shapes.ts'

const place = (name: string): URL => new URL(`../page/${name}`, import.meta.url)

const html = fileText(place('index.html'))

/** What `index.html` and its modules name. A test holds it against them. */
export const pageFiles = [
  'theme.css',
  'page.css',
  'icon.svg',
  'main.js',
  'alerts.js',
  'api.js',
  'command.js',
  'dom.js',
  'events.js',
  'event-words.js',
  'fleet.js',
  'fleet-table.js',
  'incidents.js',
  'live.js',
  'problem.js',
  'refresh.js',
  'server.js',
  'server-parts.js',
  'tools.js',
  'trouble.js',
  'visible.js',
  'words.js',
] as const

const files = new Map<string, () => Response>(pageFiles.map((name) => [name, pageFile(place(name))]))

export const showPage = defineStream({
  ...aPublicPage,
  path: '/',
  operation: 'system.page',
  summary: 'The fleet, for people',
  answer: contentOf('text/html'),
  handle: async () => htmlPage(html(), pagePolicy({ connect: true })),
})

export const showPageFile = defineStream({
  ...aPublicPage,
  path: '/page/{file}',
  operation: 'system.page-file',
  summary: 'A file of that page',
  params: z.strictObject({ file: z.string().max(100).describe('Name of the file.') }),
  answer: contentOf('text/javascript', 'text/css', 'image/svg+xml'),
  refusals: ['not-found'],
  async handle({ params: { file } }) {
    const answer = files.get(file)
    if (answer === undefined) throw new ApiError('not-found')
    return answer()
  },
})

export const pageRoutes = [showPage, showPageFile]
