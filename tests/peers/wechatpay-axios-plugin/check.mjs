// Checks a running WeChat simulator with `wechatpay-axios-plugin`, a WeChat Pay client nobody of this project wrote.
//
//   SIMULATOR_URL=http://127.0.0.1:PORT node check.mjs
//
// The library signs every request and verifies every 2xx reply by itself; notices are verified and decrypted with its
// own helpers. One line is printed per check; the exit status is 1 when any of them failed. All traffic is loopback.

import http from 'node:http';
import { once } from 'node:events';
import { randomBytes, X509Certificate } from 'node:crypto';
import plugin from 'wechatpay-axios-plugin';

const { Wechatpay, Rsa, Aes, Formatter } = plugin;

const base = (process.env.SIMULATOR_URL ?? '').replace(/\/$/, '');
if (!/^http:\/\/(127\.0\.0\.1|localhost|\[::1\]):\d+$/.test(base)) {
  console.error('SIMULATOR_URL must be the loopback address of a running simulator, such as http://127.0.0.1:8099');
  process.exit(2);
}

let failures = 0;
function check(name, holds, seen = '') {
  console.log(`${holds ? 'ok' : 'FAILED'} ${name}${holds ? '' : ` ${JSON.stringify(seen)}`}`);
  if (!holds) failures += 1;
}

async function sim(method, path, body) {
  const response = await fetch(`${base}/_sim${path}`, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} /_sim${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

/** The refusal of a call that must not succeed. */
async function refused(call) {
  try {
    await call;
  } catch (error) {
    return { status: error.response?.status, code: error.code, data: error.response?.data };
  }
  return { status: 'no refusal' };
}

const shop = await sim('GET', '/credentials');
const run = randomBytes(6).toString('hex');

function client(certs, privateKey = shop.merchant_private_key_pem, headers = {}) {
  return new Wechatpay({
    baseURL: base,
    mchid: shop.mch_id,
    serial: shop.merchant_serial,
    privateKey,
    certs,
    headers,
    proxy: false,
  });
}

const publicKey = { [shop.platform_public_key_id]: shop.platform_public_key_pem };
const named = { 'Wechatpay-Serial': shop.platform_public_key_id };
const wxpay = client(publicKey, undefined, named);

// A shop that listens for notices.
const notices = [];
const listener = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    notices.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(204).end();
  });
});
listener.listen(0, '127.0.0.1');
await once(listener, 'listening');
const notifyUrl = `http://127.0.0.1:${listener.address().port}/notice`;

function opened(notice) {
  const { headers, body } = notice;
  const message = Formatter.response(headers['wechatpay-timestamp'], headers['wechatpay-nonce'], body);
  const key = Rsa.from(certs[headers['wechatpay-serial']], Rsa.KEY_TYPE_PUBLIC);
  const genuine = Rsa.verify(message, headers['wechatpay-signature'], key);
  const { event_type: event, resource } = JSON.parse(body);
  const plain = Aes.AesGcm.decrypt(resource.ciphertext, shop.api_v3_key, resource.nonce, resource.associated_data);
  return { genuine, event, plain: JSON.parse(plain) };
}

// Certificates: the list is signed by the public key and holds the certificate that signs when no key is named.
const listed = (await wxpay.v3.certificates.get()).data.data[0];
const sealed = listed.encrypt_certificate;
const pem = Aes.AesGcm.decrypt(sealed.ciphertext, shop.api_v3_key, sealed.nonce, sealed.associated_data);
const certificate = new X509Certificate(pem);
check('certificates: decrypted with the APIv3 key', pem === shop.platform_certificate_pem);
check('certificates: serial inside and outside agree', certificate.serialNumber === listed.serial_no, listed.serial_no);
const certs = { ...publicKey, [listed.serial_no]: pem };
const byCertificate = client({ [listed.serial_no]: pem });

const { openid } = await sim('POST', '/users', { nickname: '独立客户端' });
const order = (number, total) => ({
  appid: shop.app_id,
  mchid: shop.mch_id,
  description: '龙井茶 250 克',
  out_trade_no: number,
  notify_url: notifyUrl,
  amount: { total, currency: 'CNY' },
  payer: { openid },
});
const params = { mchid: shop.mch_id };

// Ordering, with both kinds of reply signature.
const paidNo = `peer-${run}-paid`;
const first = (await wxpay.v3.pay.transactions.jsapi.post(order(paidNo, 1990))).data.prepay_id;
check('jsapi: a prepay id, reply signed by the public key', /^wx\d{14}[0-9a-f]{20}$/.test(first), first);
const second = (await byCertificate.v3.pay.transactions.jsapi.post(order(paidNo, 1990))).data.prepay_id;
check('jsapi: the same parameters again, reply signed by the certificate', second !== first && second.length <= 64, second);
const changed = await refused(wxpay.v3.pay.transactions.jsapi.post(order(paidNo, 1)));
check('jsapi: other parameters are refused', changed.status === 403 && changed.data.code === 'OUT_TRADE_NO_USED', changed);
const wrong = await refused(wxpay.v3.pay.transactions.jsapi.post({ ...order(`peer-${run}-bad`, 1), amount: { total: 0 } }));
check('jsapi: a wrong argument is named', wrong.status === 400 && wrong.data.detail?.field === '/amount/total', wrong);
const { privateKey: stranger } = await import('node:crypto').then(({ generateKeyPairSync }) =>
  generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } }));
const forged = await refused(client(publicKey, stranger, named).v3.pay.transactions.jsapi.post(order(`peer-${run}-forged`, 1)));
check('jsapi: a stranger\'s signature is refused', forged.status === 401 && forged.data.code === 'SIGN_ERROR', forged);

// Query before and after payment; the notice says the same.
const query = wxpay.v3.pay.transactions.outTradeNo._out_trade_no_;
const before = (await query.get({ params, out_trade_no: paidNo })).data;
check('query: not paid yet', before.trade_state === 'NOTPAY' && before.transaction_id === undefined, before);
await sim('POST', '/pay', { prepay_id: first, openid });
await sim('POST', '/notices/flush');
const after = (await query.get({ params, out_trade_no: paidNo })).data;
check('query: paid', after.trade_state === 'SUCCESS' && after.amount.payer_total === 1990 && after.payer.openid === openid, after);
const byId = (await wxpay.v3.pay.transactions.id._transaction_id_.get({ params, transaction_id: after.transaction_id })).data;
check('query: by WeChat\'s own number', JSON.stringify(byId) === JSON.stringify(after), byId);
const payment = opened(notices.find((notice) => JSON.parse(notice.body).event_type === 'TRANSACTION.SUCCESS'));
check('notice: genuine', payment.genuine);
check('notice: says what the query says', JSON.stringify(payment.plain) === JSON.stringify(after), payment.plain);

// Closing.
const closedNo = `peer-${run}-closed`;
await wxpay.v3.pay.transactions.jsapi.post(order(closedNo, 5));
const close = wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.close;
const closed = await close.post(params, { out_trade_no: closedNo });
check('close: 204 without a body', closed.status === 204 && !closed.data, closed.data);
const closedState = (await query.get({ params, out_trade_no: closedNo })).data.trade_state;
check('close: the query says so', closedState === 'CLOSED', closedState);
const tooLate = await refused(close.post(params, { out_trade_no: paidNo }));
check('close: not after payment', tooLate.status === 400 && tooLate.data.code === 'ORDER_PAID', tooLate);

// Refunds.
const refundNo = `peer-${run}-refund`;
const ask = {
  out_trade_no: paidNo,
  out_refund_no: refundNo,
  reason: '七天无理由',
  notify_url: notifyUrl,
  amount: { refund: 990, total: 1990, currency: 'CNY' },
};
const refund = (await wxpay.v3.refund.domestic.refunds.post(ask)).data;
check('refund: accepted', refund.amount.refund === 990 && refund.transaction_id === after.transaction_id, refund);
const again = (await wxpay.v3.refund.domestic.refunds.post(ask)).data;
check('refund: the same number is the same refund', again.refund_id === refund.refund_id, again);
await sim('POST', '/notices/flush');
const asked = (await wxpay.v3.refund.domestic.refunds._out_refund_no_.get({ out_refund_no: refundNo })).data;
check('refund: query', asked.refund_id === refund.refund_id && asked.status === 'SUCCESS', asked);
const told = opened(notices.find((notice) => JSON.parse(notice.body).event_type === 'REFUND.SUCCESS'));
check('refund: notice', told.genuine && told.plain.out_refund_no === refundNo && told.plain.refund_status === 'SUCCESS', told);
const missing = await refused(wxpay.v3.refund.domestic.refunds._out_refund_no_.get({ out_refund_no: `peer-${run}-none` }));
check('refund: an unknown one', missing.status === 404 && missing.data.code === 'RESOURCE_NOT_EXISTS', missing);

// A reply altered after signing must not pass the library; the tester's knobs are put back afterwards.
const { knobs } = await sim('GET', '/knobs');
await sim('PUT', '/knobs', { rules: [{ path_prefix: '/v3', action: 'corrupt_reply_body', times: 1 }] });
const altered = await refused(query.get({ params, out_trade_no: paidNo }));
check('reply: altered after signing', altered.code === 'EV3_RES_HEADER_SIGNATURE_DIGEST', altered);
await sim('PUT', '/knobs', knobs);

listener.close();
listener.closeAllConnections();
console.log(failures === 0 ? 'all checks passed' : `${failures} checks failed`);
process.exit(failures === 0 ? 0 : 1);
