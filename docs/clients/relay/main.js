// Relay: a home screen, its older movements, a refusal. Only ids of trusted documents travel.
// The server knows them from the compiler's manifest: LAUREL_DOCUMENTS=docs/clients/relay/persisted.json
const {
  commitMutation,
  createOperationDescriptor,
  Environment,
  fetchQuery,
  getSingularSelector,
  Network,
  RecordSource,
  Store,
} = require('relay-runtime')
const Home = require('./__generated__/HomeQuery.graphql')
const Movements = require('./__generated__/Home_movements.graphql')
const Older = require('./__generated__/HomeOlderQuery.graphql')
const Record = require('./__generated__/HomeRecordMutation.graphql')

const {
  LAUREL_URL = 'http://127.0.0.1:8000/graphql',
  LAUREL_TOKEN, // a member's, as an app has it
  LAUREL_KEY, // a till's: it never leaves the brand's servers
} = process.env

const environment = (credentials) =>
  new Environment({
    store: new Store(new RecordSource()),
    network: Network.create(async ({ id, name }, variables) => {
      const response = await fetch(LAUREL_URL, {
        method: 'POST',
        headers: {
          accept: 'application/graphql-response+json',
          authorization: `Bearer ${credentials}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ documentId: `sha256:${id}`, operationName: name, variables }),
      })
      return response.json()
    }),
  })

const show = ({ node }) => console.log(`  ${node.reference}: ${node.points}`)

async function main() {
  // The home screen.
  const app = environment(LAUREL_TOKEN)
  const { me } = await fetchQuery(app, Home, {}).toPromise()
  console.log(`${me.externalId} has ${me.balance.spendable} points and is ${me.tier.name}.`)
  const { benefits, next } = me.tier
  for (const { name } of benefits) console.log(`  with it: ${name}`)
  if (next) console.log(`${next.missing.value} ${next.missing.currency} more make ${next.name}.`)

  // What a component sees of its fragment; in React `usePaginationFragment` does both of these.
  const selector = getSingularSelector(Movements, me)
  const movements = () => app.lookup(selector).data.movements
  const more = ({ endCursor }) =>
    fetchQuery(app, Older, { id: me.__id, first: 2, after: endCursor }).toPromise()
  app.retain(createOperationDescriptor(Home, {}))
  movements().edges.forEach(show)

  // Older movements: each page continues the connection in the store.
  while (movements().pageInfo.hasNextPage) await more(movements().pageInfo)
  console.log('and before:')
  movements().edges.slice(2).forEach(show)

  // A refusal is data: it has a code for the program and a message for people.
  const id = `example-${me.externalId}`
  const purchase = {
    externalId: id,
    member: me.externalId,
    occurredAt: '2026-03-02T12:00:00Z',
    currency: 'EUR',
    lines: [{ amount: '12.50' }],
  }
  commitMutation(environment(LAUREL_KEY), {
    mutation: Record,
    variables: { input: { idempotencyKey: id, purchases: [purchase] } },
    onCompleted({ recordPurchases: { errors, outcomes } }) {
      for (const { code, message } of [...errors, ...outcomes.flatMap(({ error }) => error ?? [])])
        console.log(`refused: ${code}: ${message}`)
    },
    onError: console.error,
  })
}

main()
