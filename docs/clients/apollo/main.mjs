// Apollo Client: a home screen, its older movements, a refusal. Queries travel as hashes (APQ).
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { relayStylePagination } from '@apollo/client/utilities'

const {
  LAUREL_URL = 'http://127.0.0.1:8000/graphql',
  LAUREL_TOKEN, // a member's, as an app has it
  LAUREL_KEY, // a till's: it never leaves the brand's servers
} = process.env

const operation = async (name) =>
  gql(await readFile(new URL(`../operations/${name}.graphql`, import.meta.url), 'utf8'))

const client = (credentials) =>
  new ApolloClient({
    link: new PersistedQueryLink({
      sha256: (text) => createHash('sha256').update(text).digest('hex'),
    }).concat(
      new HttpLink({ uri: LAUREL_URL, headers: { authorization: `Bearer ${credentials}` } }),
    ),
    cache: new InMemoryCache({
      typePolicies: { Member: { fields: { movements: relayStylePagination() } } },
    }),
  })

const show = ({ node }) => console.log(`  ${node.reference}: ${node.points}`)

// The home screen.
const app = client(LAUREL_TOKEN)
const home = { query: await operation('home'), variables: { first: 2 } }
const { me } = (await app.query(home)).data
console.log(`${me.externalId} has ${me.balance.spendable} points and is ${me.tier.name}.`)
const { benefits, next } = me.tier
for (const { name } of benefits) console.log(`  with it: ${name}`)
if (next) console.log(`${next.missing.value} ${next.missing.currency} more make ${next.name}.`)
me.movements.edges.forEach(show)

// Older movements: each page continues the list in the cache, and whoever watches it is told.
const older = await operation('older')
const list = app.watchQuery(home)
for (let page = me.movements.pageInfo; page.hasNextPage; ) {
  const variables = { first: 2, after: page.endCursor }
  page = (await list.fetchMore({ query: older, variables })).data.me.movements.pageInfo
}
console.log('and before:')
app.readQuery(home).me.movements.edges.slice(2).forEach(show)

// A refusal is data: it has a code for the program and a message for people.
const id = `example-${me.externalId}`
const purchase = {
  externalId: id,
  member: me.externalId,
  occurredAt: '2026-03-02T12:00:00Z',
  currency: 'EUR',
  lines: [{ amount: '12.50' }],
}
const { data } = await client(LAUREL_KEY).mutate({
  mutation: await operation('record'),
  variables: { input: { idempotencyKey: id, purchases: [purchase] } },
})
const { errors, outcomes } = data.recordPurchases
for (const { code, message } of [...errors, ...outcomes.flatMap(({ error }) => error ?? [])])
  console.log(`refused: ${code}: ${message}`)
