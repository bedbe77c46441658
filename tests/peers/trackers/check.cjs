// Reports to a running shop with two trackers that nobody of this project wrote, as they come from npm: the mini-program
// SDK of Sensors Analytics, inside a stand-in for WeChat's runtime, and PostHog's SDK for Node.
//
//   SHOP_URL=http://127.0.0.1:PORT PROJECT_KEY=… USER_ID=… node check.cjs
//
// One line of JSON at the end says how many requests each made and how they were answered. All traffic is loopback.
'use strict';

const { setTimeout: pause } = require('node:timers/promises');

const shop = process.env.SHOP_URL ?? '';
const key = process.env.PROJECT_KEY ?? '';
const user = process.env.USER_ID ?? '';
if (!/^http:\/\/127\.0\.0\.1:\d+$/.test(shop)) {
  console.error('SHOP_URL must be the loopback address of a running shop');
  process.exit(2);
}

const answers = { sensors: [], posthog: [] };
const storage = new Map();
const listeners = { show: [], hide: [] };
let application = null;
let page = null;
const launch = { path: 'pages/product/index', query: { id: '7', share: 'token-of-a-friend' }, scene: 1007, referrerInfo: {} };

/** As much of WeChat's runtime as the SDK asks for. */
global.wx = {
  getStorageSync: (name) => storage.get(name) ?? '',
  setStorageSync: (name, value) => storage.set(name, value),
  getStorage: ({ key: name, success, fail, complete }) => {
    const found = { data: storage.get(name) ?? '' };
    if (storage.has(name)) success?.(found);
    else fail?.({ errMsg: 'getStorage:fail data not found' });
    complete?.(found);
  },
  setStorage: ({ key: name, data, success }) => { storage.set(name, data); success?.(); },
  removeStorage: ({ key: name }) => storage.delete(name),
  getSystemInfoSync: () => ({ brand: 'Apple', model: 'iPhone 15', screenWidth: 390, screenHeight: 844, system: 'iOS 17.0', platform: 'ios', version: '8.0.50', SDKVersion: '3.5.0' }),
  getSystemInfo: ({ success, complete }) => { success?.(wx.getSystemInfoSync()); complete?.(wx.getSystemInfoSync()); },
  getDeviceInfo: () => ({ brand: 'Apple', model: 'iPhone 15', system: 'iOS 17.0', platform: 'ios' }),
  getWindowInfo: () => ({ screenWidth: 390, screenHeight: 844 }),
  getAppBaseInfo: () => ({ version: '8.0.50', SDKVersion: '3.5.0', host: {} }),
  getNetworkType: ({ success, complete }) => { success?.({ networkType: 'wifi' }); complete?.({ networkType: 'wifi' }); },
  onNetworkStatusChange: () => {},
  getAccountInfoSync: () => ({ miniProgram: { appId: 'wx0123456789abcdef', version: '1.2.3' } }),
  getLaunchOptionsSync: () => launch,
  getEnterOptionsSync: () => launch,
  onAppShow: (listener) => listeners.show.push(listener),
  onAppHide: (listener) => listeners.hide.push(listener),
  canIUse: () => false,
  request: ({ url, method, data, header, success, fail, complete }) => {
    const options = { method: method ?? 'GET', headers: header ?? {} };
    if (options.method === 'POST') options.body = data;
    fetch(url, options)
      .then(async (answer) => {
        answers.sensors.push({ status: answer.status, body: await answer.json().catch(() => null) });
        success?.({ statusCode: answer.status, data: {} });
      })
      .catch((error) => { answers.sensors.push({ status: 0, body: String(error) }); fail?.({ errMsg: String(error) }); })
      .finally(() => complete?.());
  },
};
global.App = (options) => { application = options; };
global.Page = (options) => { page = { route: 'pages/product/index', options: launch.query, setData: () => {}, ...options }; };
global.Component = () => {};
global.getApp = () => application;
global.getCurrentPages = () => (page ? [page] : []);

async function sensors() {
  const tracker = require('sa-sdk-miniprogram');
  tracker.setPara({
    name: 'sensors',
    server_url: `${shop}/hooks/sensors/sa?project=default&token=${key}`,
    autoTrack: { appLaunch: true, appShow: true, appHide: true, pageShow: true, pageShare: true, mpClick: true, mpFavorite: true, pageLeave: true },
    show_log: false,
    batch_send: true,
  });
  App({ onLaunch() {}, onShow() {}, onHide() {} });
  tracker.registerApp({ plan: 'gold' });
  tracker.init();
  application.onLaunch?.call(application, launch);
  listeners.show.forEach((listener) => listener(launch));
  application.onShow?.call(application, launch);
  Page({
    onLoad() {}, onShow() {}, onUnload() {}, onHide() {},
    onShareAppMessage() { return { title: '好物', path: 'pages/product/index?id=7' }; },
    buy() {},
  });
  page.onLoad?.call(page, launch.query);
  page.onShow?.call(page);
  page.buy?.call(page, { type: 'tap', currentTarget: { id: 'buy', dataset: { name: '购买', type: 'button' } }, target: { id: 'buy' } });
  page.onShareAppMessage?.call(page, { from: 'button', target: {} });
  tracker.track('ProductOpened', { product_id: 'p-7', price: 128.5, first: true, tags: ['新品', '热卖'] });
  tracker.setProfile({ city: '深圳' });
  tracker.setOnceProfile({ first_channel: 'friend' });
  tracker.incrementProfile({ points: 10 });
  tracker.appendProfile({ liked: ['p-7'] });
  tracker.login(user);
  tracker.track('order_paid', { total_fen: 1 });
  tracker.bind?.('$identity_mobile', 'hash-of-a-number');
  tracker.unbind?.('$identity_mobile', 'hash-of-a-number');
  page.onHide?.call(page);
  listeners.hide.forEach((listener) => listener());
  application.onHide?.call(application);
  // The SDK sends every few seconds, six events at a time, and keeps what is not sent.
  const kept = () => tracker.store.mem.mdata.length;
  for (let waited = 0; waited < 200; waited += 1) {
    await pause(200);
    if (answers.sensors.length > 0 && kept() === 0) return;
  }
  throw new Error(`${kept()} events were not sent`);
}

async function posthog() {
  const { PostHog } = require('posthog-node');
  const client = new PostHog(key, { host: `${shop}/hooks/posthog`, flushAt: 4, flushInterval: 200, fetch: async (url, options) => {
    const answer = await fetch(url, options);
    const body = await answer.clone().json().catch(() => null);
    answers.posthog.push({ status: answer.status, body, encoding: options.headers?.['Content-Encoding'] ?? null });
    return answer;
  } });
  client.capture({ distinctId: 'visitor-1', event: 'Catalog Opened', properties: { $pathname: '/catalog', depth: 2 } });
  client.capture({ distinctId: 'visitor-1', event: 'Catalog Opened', properties: { depth: 3 } });
  client.identify({ distinctId: user, properties: { plan: 'gold', $anon_distinct_id: 'visitor-1' } });
  client.alias({ distinctId: user, alias: 'visitor-2' });
  client.capture({ distinctId: user, event: 'Order Reviewed', properties: { $set: { level: 3 }, stars: 5 } });
  await client.shutdown(20_000);
}

async function main() {
  await sensors();
  await posthog();
  console.log(JSON.stringify(answers));
  process.exit(0);
}

main();
