// A member's points in a browser, live: over a WebSocket or over server-sent events.
import { createClient as overEvents } from 'graphql-sse'
import { createClient as overSocket } from 'graphql-ws'

// Both clients try again by themselves. Credentials are functions: they are asked for each time,
// so that a token that has expired meanwhile can be a new one.
const clients = {
  socket: ({ address, token }) =>
    overSocket({
      url: address.replace(/^http/, 'ws'),
      connectionParams: () => ({ authorization: `Bearer ${token}` }),
      on: {
        closed: ({ reason }) =>
          tell(reason || 'Not connected. Does LAUREL_ALLOWED_ORIGINS name this page?'),
      },
    }),
  events: ({ address, token }) =>
    overEvents({
      url: address,
      headers: () => ({ authorization: `Bearer ${token}` }),
      async fetchFn(...request) {
        const response = await fetch(...request)
        if (!response.ok) tell((await response.clone().json()).errors[0].message)
        return response
      },
    }),
}

const query = await (await fetch('../operations/live.graphql')).text()
const points = document.querySelector('output')
const status = document.querySelector('[role=status]')
const tell = (text) => (status.textContent = text)
let client

document.querySelector('form').addEventListener('submit', async (event) => {
  event.preventDefault()
  client?.dispose()
  const { way, ...given } = Object.fromEntries(new FormData(event.target))
  client = clients[way](given)
  tell('Connecting …')
  for await (const { data, errors } of client.iterate({ query })) {
    points.value = data?.me?.balance.spendable ?? '0'
    tell(errors?.[0].message ?? data.me?.tier?.name ?? 'Not enrolled yet')
  }
})
