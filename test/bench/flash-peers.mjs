/**
 * What other stores cost on the same simulated chip under the same workloads (time model A): measured once, with their
 * own C code built for 32 bits, for the project's anchors ("flash stores on one simulated NOR chip", part 3 of 3).
 */

/** W1: store, partition, bytes programmed, erases per 1,000, wear max / mean, microseconds, p99, heap bytes. */
export const W1_PEERS = [
  ["Zephyr NVS, lookup cache 256 (ids, no scans)", "64 K", 43.6, 10.7, "7 / 6.7", 3894, 47779, 0],
  ["ESP-IDF NVS, string items (no scans)", "64 K", 77.1, 14.8, "11 / 9.2", 1206, 45835, 6344],
  ["ESP-IDF NVS, blobs (no scans)", "64 K", 122.4, 24.0, "16 / 15.0", 2001, 47519, 7368],
  ["FlashDB KVDB, cache 256/16 (no scans)", "64 K", 73.7, 17.4, "11 / 10.9", 1597, 51415, 0],
  ["Espruino Storage (no scans)", "64 K", 83.3, 19.2, "12 / 12.0", 21149, 36863, 0],
  ["littlefs, a file a key, esp-idf's settings", "64 K", 268.2, 65.3, "171 / 40.8", 17538, 334612, 1664],
  ["SPIFFS, a file a key", "256 K", 649.8, 152.8, "24 / 23.9", 12625, 59793, 0],
  ["Berkeley DB 1.xx on littlefs, page 512", "128 K", 27959.5, 8310.4, "3930 / 2597.0", 470285, 572178, 6388],
]

/** W2: store, then bytes, erases per 1,000 and microseconds (durable each), bytes and erases (every 16). */
export const W2_PEERS = [
  ["FlashDB TSDB (time series only)", 38.2, 6.8, 638, 38.2, 6.8],
  ["Zephyr NVS, lookup cache 256", 47.4, 11.6, 370395, 47.4, 11.6],
  ["FlashDB KVDB", 63.2, 13.0, 666042, 63.2, 13.0],
  ["ESP-IDF NVS, string items", 76.2, 12.8, 1082, 76.2, 12.8],
  ["EmbedDB, record-level consistency", 546.1, 144.7, 7431, 546.1, 144.7],
  ["littlefs, segments, esp-idf's settings", 2294.1, 934.8, 55977, 159.2, 59.8],
  ["Berkeley DB 1.xx on littlefs, page 512", 180196.8, 44540.1, 2620513, 24187.9, 5989.3],
]

/** W3 to W5: store, get microseconds, bytes, calls, absent key, scan of 100, open microseconds, bytes. */
export const W3_PEERS = [
  ["ESP-IDF NVS, string items", 73, 128, 4.0, 0, "-", 201693, 455876],
  ["Berkeley DB 1.xx on littlefs, page 512", 448, 1594, 19.3, 0, 2578, 686, 2208],
  ["littlefs, a file a key, esp-idf's settings", 17784, 125241, 350.6, 34453, "-", 48850, 284800],
  ["Zephyr NVS, lookup cache 256", 29028, 14720, 1837.0, 61251, "-", 73789, 41736],
  ["SPIFFS, a file a key", 30384, 115078, 1258.4, 60587, "-", 36352, 133120],
  ["Espruino Storage", 34269, 40327, 2015.7, 68032, "-", 0, 0],
  ["FlashDB KVDB, cache 256/16", 77050, 106458, 4426.9, 177782, "-", 179641, 247808],
]
