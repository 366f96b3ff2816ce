// What the compiler reads. In an app these stand in the components that show them, where Relay's
// plugin for Babel puts what was compiled in their place.
graphql`
  query HomeQuery {
    me {
      externalId
      balance {
        spendable
      }
      tier {
        name
        benefits {
          name
        }
        next {
          name
          missing {
            value
            currency
          }
        }
      }
      ...Home_movements
    }
  }
`

graphql`
  fragment Home_movements on Member
  @refetchable(queryName: "HomeOlderQuery")
  @argumentDefinitions(first: { type: "Int", defaultValue: 2 }, after: { type: "Cursor" }) {
    movements(first: $first, after: $after) @connection(key: "Home_movements") {
      edges {
        node {
          code
          points
          reference
        }
      }
    }
  }
`

graphql`
  mutation HomeRecordMutation($input: RecordPurchasesInput!) {
    recordPurchases(input: $input) {
      outcomes {
        externalId
        status
        points
        error {
          code
          message
          field
        }
      }
      errors {
        code
        message
        field
      }
    }
  }
`
