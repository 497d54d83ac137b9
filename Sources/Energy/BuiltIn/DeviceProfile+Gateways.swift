extension DeviceProfile {
    public static let builtIn: [DeviceProfile] = [
        cortexM4, cortexM33, esp32S3, cortexA53, raspberryPi4, raspberryPi5, x86Gateway,
    ]

    public static let cortexA53 = embedded(
        #"""
        {
          "format": 1,
          "name": "cortex-a53@1",
          "about": "Small Linux gateway: one Cortex-A53 core at 1.5 GHz, 1 GB RAM, 8 GB storage",
          "cores": 1,
          "runsFromStorage": false,
          "storage": {
            "bytes": {"value": 8000000000, "source": "by definition of this profile"},
            "reserved": {"value": 2000000000, "source": "estimated: Linux without a desktop, logs"}
          },
          "ram": {
            "bytes": {"value": 1073741824, "source": "by definition of this profile"},
            "reserved": {"value": 268435456, "source": "estimated: Linux without a desktop, broker, edge"}
          },
          "throughput": {
            "int8": {"value": 2.6e9, "low": 0.6e9, "high": 4.9e9,
              "source": "ncnn's benchmark/README, RK3399, one Cortex-A53 at 1.5 GHz: MobileNet (569 M multiply-adds) in \#
        222 ms, VGG-16 (15.5 G) in 3134 ms; low is estimated for networks too small to fill the kernels"},
            "float32": {"value": 2.3e9, "low": 0.6e9, "high": 4.7e9,
              "source": "the same: MobileNet in 247 ms, VGG-16 in 3279 ms; low is estimated"}
          },
          "power": {
            "active": {"value": 0.58, "low": 0.3, "high": 1.21,
              "source": "Raspberry Pi 3 B (four A53): 1.4 W idle, 3.7 W with all cores busy (pidramble.com); high: i.MX 8M \#
        Mini module, 1.30 W idle, 2.51 W in memtester (Embedded Artists); low is estimated"},
            "idle": {"value": 1.3, "low": 0.72, "high": 1.9,
              "source": "Embedded Artists' measurements of i.MX 8M Mini and Nano modules: 1.30 W running, 0.72 W suspended \#
        to idle; high: Raspberry Pi 3 B+ (pidramble.com)"}
          },
          "radios": ["wifi", "ethernet", "lte-m", "lora"]
        }
        """#)

    public static let raspberryPi4 = embedded(
        #"""
        {
          "format": 1,
          "name": "rpi4@2",
          "about": "Raspberry Pi 4 B, four Cortex-A72 at 1.5 to 1.8 GHz",
          "cores": 4,
          "runsFromStorage": false,
          "storage": {
            "bytes": {"value": 16000000000, "source": "estimated: a small microSD card"},
            "reserved": {"value": 4000000000, "source": "estimated: Raspberry Pi OS Lite, logs"}
          },
          "ram": {
            "bytes": {"value": 1073741824, "source": "the smallest version sold; up to 8 GB"},
            "reserved": {"value": 268435456, "source": "estimated: Linux without a desktop, broker, edge"}
          },
          "throughput": {
            "int8": {"value": 5.3e9, "low": 1.3e9, "high": 10.2e9,
              "source": "ncnn's benchmark/README, RK3399, one Cortex-A72 at 1.8 GHz: MobileNet (569 M multiply-adds) in \#
        107 ms, VGG-16 (15.5 G) in 1512 ms; low is estimated for networks too small to fill the kernels"},
            "float32": {"value": 4.2e9, "low": 1.0e9, "high": 10.5e9,
              "source": "the same: MobileNet in 137 ms, VGG-16 in 1469 ms; low is estimated"}
          },
          "power": {
            "active": {"value": 0.85, "low": 0.6, "high": 1.2,
              "source": "four cores busy against idle: 5.4 and 2.2 W (chipwired.com, 36 readings), 6.4 and 2.7 W \#
        (pidramble.com); bounds estimated"},
            "idle": {"value": 2.4, "low": 1.7, "high": 3.0,
              "source": "1.7 W with little switched on to 3.0 W at the wall (chipwired.com), 2.7 W (pidramble.com)"}
          },
          "radios": ["wifi", "ethernet", "lte-m", "lora"]
        }
        """#)

    public static let raspberryPi5 = embedded(
        #"""
        {
          "format": 1,
          "name": "rpi5@2",
          "about": "Raspberry Pi 5, four Cortex-A76 at 2.4 GHz",
          "cores": 4,
          "runsFromStorage": false,
          "storage": {
            "bytes": {"value": 16000000000, "source": "estimated: a small microSD card"},
            "reserved": {"value": 4000000000, "source": "estimated: Raspberry Pi OS Lite, logs"}
          },
          "ram": {
            "bytes": {"value": 1073741824, "source": "the smallest version sold; up to 16 GB"},
            "reserved": {"value": 268435456, "source": "estimated: Linux without a desktop, broker, edge"}
          },
          "throughput": {
            "int8": {"value": 20e9, "low": 4e9, "high": 60e9,
              "source": "estimated from rpi4: a third more clock and dot-product instructions of four times the width; at \#
        most 77 G by its two 128-bit units"},
            "float32": {"value": 11e9, "low": 3e9, "high": 19e9,
              "source": "estimated from rpi4: a third more clock and two 128-bit units, at most 19.2 G"}
          },
          "power": {
            "active": {"value": 1.3, "low": 0.9, "high": 1.8,
              "source": "about 7.9 W in Geekbench on four cores (geerlingguy/sbc-reviews, issue 21) against 2.7 W idle; \#
        bounds estimated"},
            "idle": {"value": 2.7, "low": 1.8, "high": 5.0,
              "source": "1.8 W by a meter said to read low (geerlingguy/sbc-reviews, issue 21), 4 to 5 W with a network in \#
        use (geerlingguy/pi-isp, issue 6); the value is estimated between"}
          },
          "radios": ["wifi", "ethernet", "lte-m", "lora"]
        }
        """#)

    public static let x86Gateway = embedded(
        #"""
        {
          "format": 1,
          "name": "x86-gateway@2",
          "about": "Small x86 gateway of the Intel N100 class, four cores",
          "cores": 4,
          "runsFromStorage": false,
          "storage": {
            "bytes": {"value": 64000000000, "source": "estimated: a small solid-state disk"},
            "reserved": {"value": 16000000000, "source": "estimated: Linux, containers, logs"}
          },
          "ram": {
            "bytes": {"value": 8589934592, "source": "estimated: the usual smallest memory of such boxes"},
            "reserved": {"value": 1073741824, "source": "estimated: Linux, broker, services"}
          },
          "throughput": {
            "int8": {"value": 15e9, "low": 3e9, "high": 80e9,
              "source": "estimated: ncnn's benchmark/README has 5.6 G for MobileNet on one Zen core at 3.6 GHz without \#
        dot-product instructions, which the N100 has; high: its vector units' peak"},
            "float32": {"value": 13e9, "low": 4e9, "high": 27e9,
              "source": "ncnn's benchmark/README, Ryzen V1605B, one core: MobileNet (569 M multiply-adds) in 41.7 ms; 12 G in \#
        HPL on an N150 core (geerlingguy/top500-benchmark, issue 52); high: the N100's peak at 3.4 GHz; low is estimated"}
          },
          "power": {
            "active": {"value": 4.0, "low": 1.5, "high": 8.0,
              "source": "N150 box: 23.5 W at the wall with four cores in HPL (geerlingguy/top500-benchmark, issue 52) \#
        against 6.5 W idle; low: a core's share of the N100's 6 W; high is estimated for one core at its turbo clock"},
            "idle": {"value": 6.5, "low": 4.0, "high": 14.0,
              "source": "estimated from reviews of such boxes, 5 to 10 W at the wall; high: an N5105 box with four network \#
        ports (ora.it.com)"}
          },
          "radios": ["ethernet", "wifi", "lte-m"]
        }
        """#)
}
