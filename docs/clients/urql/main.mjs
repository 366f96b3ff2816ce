// urql: a home screen, its older movements, a refusal.
import { readFile } from 'node:fs/promises'
import { cacheExchange, Client, fetchExchange, gql } from '@urql/core'

const {
  LAUREL_URL = 'http://127.0.0.1:8000/graphql',
  LAUREL_TOKEN, // a member's, as an app has it
  LAUREL_KEY, // a till's: it never leaves the brand's servers
} = process.env

const operation = async (name) =>
  gql(await readFile(new URL(`../operations/${name}.graphql`, import.meta.url), 'utf8'))

const client = (credentials) =>
  new Client({
    url: LAUREL_URL,
    exchanges: [cacheExchange, fetchExchange],
    fetchOptions: { headers: { authorization: `Bearer ${credentials}` } },
  })

// `error` is for what should not happen: no network, no leave, a fault. What may happen is data.
const answer = ({ data, error }) => {
  if (error) throw error
  return data
}

const show = ({ node }) => console.log(`  ${node.reference}: ${node.points}`)

// The home screen.
const app = client(LAUREL_TOKEN)
const { me } = answer(await app.query(await operation('home'), { first: 2 }))
console.log(`${me.externalId} has ${me.balance.spendable} points and is ${me.tier.name}.`)
const { benefits, next } = me.tier
for (const { name } of benefits) console.log(`  with it: ${name}`)
if (next) console.log(`${next.missing.value} ${next.missing.currency} more make ${next.name}.`)
me.movements.edges.forEach(show)

// Older movements, page by page.
const older = await operation('older')
console.log('and before:')
for (let page = me.movements.pageInfo; page.hasNextPage; ) {
  const data = answer(await app.query(older, { first: 2, after: page.endCursor }))
  data.me.movements.edges.forEach(show)
  page = data.me.movements.pageInfo
}

// A refusal is data: it has a code for the program and a message for people.
const id = `example-${me.externalId}`
const purchase = {
  externalId: id,
  member: me.externalId,
  occurredAt: '2026-03-02T12:00:00Z',
  currency: 'EUR',
  lines: [{ amount: '12.50' }],
}
const { recordPurchases } = answer(
  await client(LAUREL_KEY).mutation(await operation('record'), {
    input: { idempotencyKey: id, purchases: [purchase] },
  }),
)
const { errors, outcomes } = recordPurchases
for (const { code, message } of [...errors, ...outcomes.flatMap(({ error }) => error ?? [])])
  console.log(`refused: ${code}: ${message}`)
