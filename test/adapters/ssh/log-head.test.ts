import { expect, test } from 'vitest'
import { createLogHead, HEAD_BYTES } from '../../../src/adapters/ssh/log-head.ts'

const file = { device: '1', inode: '2' }

test('the name of a generation depends on the first line alone, whenever it is looked at', () => {
  const early = createLogHead(file, Buffer.from('first line\n'))
  const late = createLogHead(file, Buffer.from(`first line\n${'later\n'.repeat(500)}`))
  expect(early.generation()).toBe(late.generation())
  expect(createLogHead(file, Buffer.from('another line\n')).generation()).not.toBe(early.generation())
  expect(createLogHead({ device: '1', inode: '3' }, Buffer.from('first line\n')).generation()).not.toBe(early.generation())
})

test('there is no name before the first line is whole, or longer than the head', () => {
  const head = createLogHead(file, Buffer.from('half'))
  expect(head.generation()).toBeUndefined()
  head.extend(4, Buffer.from(' a line\nnext'))
  expect(head.generation()).toBe(createLogHead(file, Buffer.from('half a line\n')).generation())
  const long = createLogHead(file, Buffer.alloc(HEAD_BYTES - 1, 'x'))
  expect(long.generation()).toBeUndefined()
  long.extend(HEAD_BYTES - 1, Buffer.from('xx'))
  expect(long.generation()).toBe(createLogHead(file, Buffer.alloc(2 * HEAD_BYTES, 'x')).generation())
})

test('a cursor vouches only for what lies before it', () => {
  const head = createLogHead(file, Buffer.from('first line\nsecond'))
  expect(head.cursor(11).head.lengthBytes).toBe(11)
  expect(head.cursor(0).head.lengthBytes).toBe(0)
  expect(createLogHead(file, Buffer.alloc(5_000, '\n')).cursor(4_000).head.lengthBytes).toBe(HEAD_BYTES)
})

test('bytes that do not continue the head are not part of it', () => {
  const head = createLogHead(file, Buffer.from('one'))
  head.extend(10, Buffer.from('far away\n'))
  expect(head.generation()).toBeUndefined()
  head.extend(1, Buffer.from('ne\ntwo'))
  expect(head.generation()).toBe(createLogHead(file, Buffer.from('one\n')).generation())
})

test('a file that was read before keeps its name, its device and its inode', () => {
  const known = createLogHead(file, Buffer.from('first line\n')).cursor(11)
  const copy = createLogHead({ device: '1', inode: '9' }, Buffer.from('first line\nmore\n'), known)
  expect(copy.cursor(16)).toMatchObject({ generation: known.generation, device: '1', inode: '2', offset: 16 })
})
