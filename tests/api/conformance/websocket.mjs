// Probes an address with graphql-ws and with raw sockets; prints what each probe saw.
import { randomBytes } from 'node:crypto'
import { get } from 'node:http'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

const [address, token, shortLived] = process.argv.slice(2)
const url = address.replace('http', 'ws')
const PROTOCOL = 'graphql-transport-ws'
const SECONDS = 20
const ME = '{ me { externalId } }'

// Opens a socket, sends `messages` when it is open, and tells what was said until it closed.
const talk = (messages, { protocol = PROTOCOL, until, ...options } = {}) =>
  new Promise((resolve) => {
    const said = []
    const socket = new WebSocket(url, protocol, options)
    const end = (how) => {
      clearTimeout(late)
      socket.terminate()
      resolve({ ...how, said })
    }
    const late = setTimeout(() => end({ open: true }), SECONDS * 1000)
    socket.on('open', () =>
      messages.forEach((each) =>
        socket.send(typeof each === 'object' && !Buffer.isBuffer(each) ? JSON.stringify(each) : each),
      ),
    )
    socket.on('message', (text) => {
      const message = JSON.parse(text)
      said.push(message)
      if (until?.(message)) end({ open: true })
    })
    socket.on('close', (code, reason) => end({ code, reason: String(reason) }))
    socket.on('unexpected-response', (_, answer) => end({ status: answer.statusCode }))
    socket.on('error', () => {})
  })

const init = { type: 'connection_init', payload: { authorization: `Bearer ${token}` } }
const subscribe = (query, id = '1') => ({ type: 'subscribe', id, payload: { query } })
const follow = subscribe('subscription { me { externalId } }')

// The code of the frame that closes a socket; for handshakes that `ws` itself gives up.
const closing = (protocol) =>
  new Promise((resolve, reject) => {
    const headers = {
      connection: 'upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': randomBytes(16).toString('base64'),
      'sec-websocket-protocol': protocol,
      'sec-websocket-version': 13,
    }
    const request = get(address, { headers }, ({ statusCode }) => resolve({ status: statusCode }))
    request.on('error', reject)
    request.on('upgrade', (_, socket, head) => {
      const read = (frame) => {
        resolve({ code: frame.readUInt16BE(2), reason: String(frame.subarray(4)) })
        socket.destroy()
      }
      if (head.length) read(head)
      else socket.once('data', read)
    })
  })

async function operated() {
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
  })
  const answers = []
  for await (const { data } of client.iterate({ query: ME })) answers.push(data)
  for await (const { data } of client.iterate({ query: follow.payload.query })) {
    answers.push(data)
    break
  }
  await client.dispose()
  return { answers }
}

const probes = {
  'an operation, then a subscription, by graphql-ws': operated,
  'an unknown subprotocol': () => closing('graphql-ws'),
  'no subprotocol': () => talk([], { protocol: [] }),
  'subscribe before init': () => talk([subscribe(ME)]),
  'init twice': () => talk([init, init]),
  'no init in time': () => talk([]),
  'no JSON': () => talk(['{']),
  'no object': () => talk(['[]']),
  'no type': () => talk([{}]),
  'an unknown type': () => talk([{ type: 'start' }]),
  'a message of the server': () => talk([{ type: 'connection_ack' }]),
  'bytes': () => talk([Buffer.from(JSON.stringify(init))]),
  'subscribe without an id': () => talk([init, { type: 'subscribe', payload: { query: ME } }]),
  'subscribe without a query': () => talk([init, { type: 'subscribe', id: '1', payload: {} }]),
  'the same id twice': () => talk([init, follow, follow]),
  'a token that does not hold': () =>
    talk([{ type: 'connection_init', payload: { authorization: 'Bearer nothing' } }]),
  'a token that expires': () =>
    talk([{ type: 'connection_init', payload: { authorization: `Bearer ${shortLived}` } }, follow]),
  'a ping before init': () =>
    talk([{ type: 'ping', payload: { n: 1 } }], { until: ({ type }) => type === 'pong' }),
  'a ping after init': () =>
    talk([init, { type: 'ping' }], { until: ({ type }) => type === 'pong' }),
  'a pong that nobody asked for': () =>
    talk([init, { type: 'pong' }, subscribe(ME)], { until: ({ type }) => type === 'complete' }),
  'an id used again after its end': () =>
    talk([init, follow, { type: 'complete', id: '1' }, subscribe(ME)], {
      until: ({ type }) => type === 'complete',
    }),
  'the end of what never began': () =>
    talk([init, { type: 'complete', id: '7' }, subscribe(ME)], {
      until: ({ type }) => type === 'complete',
    }),
  'a document with a fault': () =>
    talk([init, subscribe('{ nothing }')], { until: ({ type }) => type === 'error' }),
  'a page of another site': () => talk([init], { origin: 'https://elsewhere.example' }),
  'a page of our own': () =>
    talk([init], { origin: new URL(address).origin, until: () => true }),
}

const found = await Promise.all(
  Object.entries(probes).map(async ([name, probe]) => [name, await probe()]),
)
console.log(JSON.stringify(Object.fromEntries(found)))
