"""What Valkey does in one step for a shard of a window; the only key is the shard's.

The hash at that key has the generation that is shown (`gen`), its position (`seq`) and whether it
keeps dense ranks (`dense`); the same of one that is being built (`new`, `nseq`, `ndense`); how
many rows were ever applied (`applied`); when it ends (`ends`). The root of a split window has
`shards`, and `parts` while another number of shards is being built. Each generation has a sorted
set `z`, a hash `h` (entity to its eight bytes) and, with dense ranks, the scores `d` and how many
have each, `c`. Numbers are only ever joined to text by `%.0f`: Lua's own way keeps 14 digits.
"""

from kit.valkey import Script

_COMMON = """
local root = KEYS[1]
local function names(gen)
  local stem = root .. ':' .. gen
  return stem .. ':z', stem .. ':h', stem .. ':d', stem .. ':c'
end
"""

_REMOVE = """
local function remove(gen)
  redis.call('UNLINK', names(gen))
end
"""

BEGIN = Script(
    _COMMON
    + _REMOVE
    + """
-- ARGV: dense, fresh ('1' or '0'; '1': whatever there is). Returns 1 if one was begun.
local held = redis.call('HMGET', root, 'gen', 'dense', 'new', 'ndense')
if ARGV[2] ~= '1' and ((held[1] and held[2] == ARGV[1]) or (held[3] and held[4] == ARGV[1])) then
  return 0
end
local gen, new = tonumber(held[1] or '0'), tonumber(held[3] or '0')
if new > 0 then remove(held[3]) end
local next = string.format('%.0f', math.max(gen, new) + 1)
remove(next)
redis.call('HSET', root, 'new', next, 'nseq', '0', 'ndense', ARGV[1])
return 1
"""
)
"""Begin a generation, if there is none of the kind that is wanted."""

LOOK = Script(
    """
local held = redis.call('HMGET', KEYS[1], 'gen', 'seq', 'dense', 'new', 'nseq', 'ndense',
  'shards', 'parts', 'ends')
held[10] = held[1] and redis.call('ZCARD', KEYS[1] .. ':' .. held[1] .. ':z') or 0
return held
"""
)
"""Say what there is, with how many members."""

PUSH = Script(
    _COMMON
    + _REMOVE
    + """
-- ARGV: generation, from, to, whether that is all there is, end (seconds, '0': none), rows.
-- Returns 1 if it was applied, 2 if the generation is shown from now on; 0: not as it is said.
local gen, from, to, all, ends, blob = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local held = redis.call('HMGET', root, 'gen', 'seq', 'dense', 'new', 'nseq', 'ndense')
local shown = held[1] == gen
local position, dense = held[5], held[6]
if shown then
  position, dense = held[2], held[3]
elseif held[4] ~= gen then
  return 0
end
if position ~= from then
  return 0
end
local z, h, d, c = names(gen)
local count = #blob / 32
if count > 0 then
  local whens, entities, scores = {}, {}, {}
  local at = 1
  for i = 1, count do
    whens[i], entities[i], scores[i], at = struct.unpack('>c8c16d', blob, at)
  end
  local old = redis.call('HMGET', h, unpack(entities))
  local members, places, removed, added, moments, gone = {}, {}, {}, {}, {}, {}
  for i = 1, count do
    if old[i] then
      members[#members + 1] = old[i] .. entities[i]
      places[#places + 1] = i
    end
  end
  local change = {}
  if dense == '1' then
    if #members > 0 then
      local before = redis.call('ZMSCORE', z, unpack(members))
      for i = 1, #members do
        if before[i] then
          local score = string.format('%.0f', tonumber(before[i]))
          change[score] = (change[score] or 0) - 1
        end
      end
    end
    for i = 1, count do
      if scores[i] == scores[i] then
        local score = string.format('%.0f', scores[i])
        change[score] = (change[score] or 0) + 1
      end
    end
  end
  for i = 1, #places do
    local n = places[i]
    if scores[n] ~= scores[n] or old[n] ~= whens[n] then
      removed[#removed + 1] = members[i]
      if scores[n] ~= scores[n] then
        gone[#gone + 1] = entities[n]
      end
    end
  end
  for i = 1, count do
    if scores[i] == scores[i] then
      added[#added + 1] = scores[i]
      added[#added + 1] = whens[i] .. entities[i]
      if old[i] ~= whens[i] then
        moments[#moments + 1] = entities[i]
        moments[#moments + 1] = whens[i]
      end
    end
  end
  if #removed > 0 then redis.call('ZREM', z, unpack(removed)) end
  if #gone > 0 then redis.call('HDEL', h, unpack(gone)) end
  if #added > 0 then redis.call('ZADD', z, unpack(added)) end
  if #moments > 0 then redis.call('HSET', h, unpack(moments)) end
  for score, by in pairs(change) do
    if by ~= 0 then
      local left = redis.call('HINCRBY', c, score, by)
      if left == 0 then
        redis.call('HDEL', c, score)
        redis.call('ZREM', d, score)
      elseif left == by then
        redis.call('ZADD', d, score, score)
      end
    end
  end
end
local answer = 1
if shown then
  redis.call('HSET', root, 'seq', to)
  if count > 0 then redis.call('HINCRBY', root, 'applied', count) end
elseif all == '1' and tonumber(to) >= tonumber(held[2] or '0') then
  if held[1] then remove(held[1]) end
  redis.call('HSET', root, 'gen', gen, 'seq', to, 'dense', dense)
  redis.call('HDEL', root, 'new', 'nseq', 'ndense')
  answer = 2
else
  redis.call('HSET', root, 'nseq', to)
end
if ends ~= '0' then
  redis.call('HSET', root, 'ends', ends)
  for _, key in ipairs({root, z, h, d, c}) do redis.call('EXPIREAT', key, ends) end
end
return answer
"""
)
"""Apply rows after the position that the generation is at, and move it; or do nothing at all."""

LAYOUT = Script(
    _COMMON
    + _REMOVE
    + """
-- ARGV: shards before, shards from now on. Returns 1 if it was so.
local held = redis.call('HMGET', root, 'shards', 'gen', 'new')
if (held[1] or '1') ~= ARGV[1] then
  return 0
end
redis.call('HDEL', root, 'parts')
if ARGV[2] == '1' then
  redis.call('HDEL', root, 'shards')
else
  redis.call('HSET', root, 'shards', ARGV[2])
end
if ARGV[1] == '1' then
  if held[2] then remove(held[2]) end
  if held[3] then remove(held[3]) end
  redis.call('HDEL', root, 'gen', 'seq', 'dense', 'new', 'nseq', 'ndense')
end
return 1
"""
)
"""Let readers go to another number of shards from now on; called at the root."""

DROP = Script(
    _COMMON
    + _REMOVE
    + """
local held = redis.call('HMGET', root, 'gen', 'new')
if held[1] then remove(held[1]) end
if held[2] then remove(held[2]) end
redis.call('DEL', root)
return 1
"""
)
"""Remove a shard."""

READ = Script(
    _COMMON
    + """
-- ARGV: what, arguments. Returns {} if nothing is shown, {shards} of a split window's root, or
-- {seq, applied, gen, size, ...}.
local held = redis.call('HMGET', root, 'gen', 'seq', 'applied', 'dense', 'shards')
if held[5] then return {held[5]} end
if not held[1] then return {} end
local z, h, d = names(held[1])
local answer = {held[2], held[3] or '0', held[1], redis.call('ZCARD', z)}
local function above(score)
  return redis.call('ZCOUNT', z, '(' .. score, '+inf')
end
local function denser(score)
  if held[4] ~= '1' then return -1 end
  return redis.call('ZCOUNT', d, '(' .. score, '+inf')
end
local function greater(one, other)
  -- As the sorted set compares; Lua's own `>` goes by the server's locale.
  for i = 1, 24 do
    local a, b = string.byte(one, i), string.byte(other, i)
    if a ~= b then return a > b end
  end
  return false
end
local function run(first, count)
  -- The elements from a rank on, after how many scores are above the first one's.
  local found = {}
  if count > 0 then
    found = redis.call('ZRANGE', z, first, first + count - 1, 'REV', 'WITHSCORES')
  end
  answer[#answer + 1] = first
  local score = found[2]
  answer[#answer + 1] = score and above(score) or 0
  answer[#answer + 1] = score and denser(score) or -1
  answer[#answer + 1] = found
end
local what = ARGV[1]
if what == 'page' then
  run(tonumber(ARGV[2]), tonumber(ARGV[3]))
elseif what == 'around' then
  local moment, n = redis.call('HGET', h, ARGV[2]), tonumber(ARGV[3])
  local rank = moment and redis.call('ZREVRANK', z, moment .. ARGV[2])
  if rank then
    local first = math.max(rank - n, 0)
    run(first, rank + n - first + 1)
  end
elseif what == 'among' then
  local moments = redis.call('HMGET', h, unpack(ARGV, 2))
  for i = 1, #moments do
    local member = moments[i] and moments[i] .. ARGV[i + 1]
    local score = member and redis.call('ZSCORE', z, member)
    if score then
      answer[#answer + 1] = {member, score, redis.call('ZREVRANK', z, member), above(score),
        denser(score)}
    else
      answer[#answer + 1] = {}
    end
  end
elseif what == 'above' then
  -- ARGV: n, then score and member by turns. For each: how many are above, how many scores are,
  -- and the n neighbours on each side.
  local n, size = tonumber(ARGV[2]), answer[4]
  for i = 3, #ARGV, 2 do
    local score, member = ARGV[i], ARGV[i + 1]
    local higher = above(score)
    local low, high = higher, higher + redis.call('ZCOUNT', z, score, score)
    -- Those of the same score are ordered by member: halve until its place is found.
    while low < high do
      local middle = math.floor((low + high) / 2)
      if greater(redis.call('ZRANGE', z, middle, middle, 'REV')[1], member) then
        low = middle + 1
      else
        high = middle
      end
    end
    local first, found = math.max(low - n, 0), {}
    if n > 0 then
      found = redis.call('ZRANGE', z, first, low + n, 'REV', 'WITHSCORES')
    end
    answer[#answer + 1] = {low, higher, found}
  end
end
return answer
"""
)
"""Read a shard of one instant."""
