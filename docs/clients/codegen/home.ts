// The types at work: `npm run codegen && npx tsc --project codegen` says what does not fit.
import { Client, fetchExchange } from '@urql/core'
import { HomeDocument, RecordDocument } from './__generated__/operations.ts'

const client = new Client({ url: 'http://127.0.0.1:8000/graphql', exchanges: [fetchExchange] })

export async function points(): Promise<string> {
  const { data } = await client.query(HomeDocument, { first: 1 })
  return data?.me?.balance.spendable ?? '0'
}

export async function refusals(member: string): Promise<string[]> {
  const line = { amount: '12.50' }
  const occurredAt = new Date().toISOString()
  const purchases = [{ externalId: 'p1', member, occurredAt, currency: 'USD', lines: [line] }]
  const { data } = await client.mutation(RecordDocument, {
    input: { idempotencyKey: 'p1', purchases },
  })
  const found = data?.recordPurchases?.outcomes.flatMap(({ error }) => error ?? []) ?? []
  return found.map(({ code, message }) => (code === 'CURRENCY_MISMATCH' ? 'No euros.' : message))
}
