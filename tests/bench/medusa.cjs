// Medusa's promotion functions on the bench's load: promotions in memory, no database.
// Reads {promotions, baskets, repeat} from standard input, prints milliseconds and adjustments.
const { getComputedActionsForItems } = require(process.argv[2] + "/dist/utils/compute-actions/line-items.js")
const { getComputedActionsForBuyGet } = require(process.argv[2] + "/dist/utils/compute-actions/buy-get.js")

const rule = (attribute, value) => ({ attribute, operator: "in", values: [{ value }] })

function promotion(p, n) {
  const base = { code: `p${n}`, type: p.kind === "buyget" ? "buyget" : "standard" }
  const method = { target_type: "items", allocation: "each", type: "percentage", value: p.value, max_quantity: 1000 }
  if (p.kind === "percent") return { ...base, application_method: { ...method, target_rules: [rule("items.category", p.category)] } }
  if (p.kind === "fixed")
    return { ...base, application_method: { ...method, type: "fixed", value: p.value / 100, target_rules: [rule("items.sku", p.sku)] } }
  if (p.kind === "buyget")
    return {
      ...base,
      application_method: {
        ...method, value: 100, buy_rules_min_quantity: 2, apply_to_quantity: 1,
        buy_rules: [rule("items.category", p.category)], target_rules: [rule("items.category", p.category)],
      },
    }
  return { ...base, from: p.from, application_method: { ...method, target_type: "order", allocation: "across" } }
}

function evaluate(promotions, items) {
  const applied = new Map(), buy = new Map(), target = new Map()
  const total = items.reduce((sum, item) => sum + item.subtotal, 0)
  let adjustments = 0
  for (const p of promotions) {
    if (p.from !== undefined && total < p.from) continue
    const actions = p.type === "buyget"
      ? getComputedActionsForBuyGet(p, items, applied, buy, target)
      : getComputedActionsForItems(p, items, applied)
    adjustments += actions.length
  }
  return adjustments
}

let text = ""
process.stdin.on("data", (chunk) => (text += chunk))
process.stdin.on("end", () => {
  const load = JSON.parse(text)
  const promotions = load.promotions.map(promotion)
  const times = []
  let adjustments = 0
  for (let n = 0; n < load.repeat; n++) {
    const items = load.baskets[n % load.baskets.length].map((item) => ({ ...item }))
    const start = process.hrtime.bigint()
    adjustments = evaluate(promotions, items)
    times.push(Number(process.hrtime.bigint() - start) / 1e6)
  }
  console.log(JSON.stringify({ times, adjustments }))
})
