// What reviewers of schemas look at. Run from the root of the project.
import graphql from '@graphql-eslint/eslint-plugin'

// Values, not things: they have no identity of their own and are kept with what they belong to.
const VALUES = [
  'ActivityOutcome',
  'AdjustmentOutcome',
  'Attribute',
  'Award',
  'Balance',
  'Benefit',
  'CatalogueItem',
  'CodePool',
  'EarlyAccess',
  'Figures',
  'FulfilmentOutcome',
  'Ladder',
  'LadderTier',
  'MemberOutcome',
  'Money',
  'NextTier',
  'PageInfo',
  'PointsEnding',
  'PointsExpiry',
  'Programme',
  'PurchaseOutcome',
  'PurchasePreview',
  'Quantity',
  'RefundOutcome',
  'ReleaseOutcome',
  'ReviewOutcome',
  'RewardCategory',
  'RewardPrice',
  'RewardSupply',
  'Tier',
  'TierCount',
  'TierKeep',
  'TierStep',
  'Value',
  'VoucherUse',
  'VoucherValidity',
  'WhyNot',
]

const schema = 'api/graphql/schema.graphql'

export default [
  {
    files: [schema],
    languageOptions: {
      parser: graphql.parser,
      parserOptions: { graphQLConfig: { schema } },
    },
    plugins: { '@graphql-eslint': graphql },
    rules: {
      ...graphql.configs['flat/schema-recommended'].rules,
      ...graphql.configs['flat/schema-relay'].rules,
      '@graphql-eslint/input-name': 'error',
      '@graphql-eslint/no-scalar-result-type-on-mutation': 'error',
      // Which edges lead to values instead of nodes is said by name in test_schema.py.
      '@graphql-eslint/relay-edge-types': [
        'error',
        { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false },
      ],
      '@graphql-eslint/require-deprecation-date': 'error',
      '@graphql-eslint/require-field-of-type-query-in-mutation-result': 'error',
      '@graphql-eslint/require-nullable-fields-with-oneof': 'error',
      '@graphql-eslint/strict-id-in-types': [
        'error',
        { exceptions: { types: VALUES, suffixes: ['Connection', 'Edge', 'Payload', 'Error'] } },
      ],
    },
  },
]
