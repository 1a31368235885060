// Loaded with --import: adds the key to every request that this process sends, because the suite has no way to be told one.
import { subscribe } from 'node:diagnostics_channel'

const authorization = `Bearer ${process.env.CONFORMANCE_KEY ?? ''}`

subscribe('undici:request:create', ({ request }) => {
  request.addHeader('authorization', authorization)
})
subscribe('http.client.request.created', ({ request }) => {
  if (!request.headersSent) request.setHeader('authorization', authorization)
})
